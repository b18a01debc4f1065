#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace fermo {

/// Text that must not outlive its use: a password, a token. Its memory is wiped when it is destroyed, assigned over or
/// moved from. It has no stream operator and no formatter, so it cannot reach a log by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text) {}
  Secret(const Secret&) = default;
  // A copy and a wipe: what was moved from holds nothing afterwards, a short string inside the object included.
  // NOLINTNEXTLINE(performance-move-constructor-init,bugprone-exception-escape)
  Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  /// The text itself; the view lives as long as this object stays unchanged.
  std::string_view reveal() const { return text_; }

  /// Equality in a time that depends only on the lengths.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  void wipe() noexcept;
  std::string text_;
};

/// Overwrites `text` in a way the compiler may not leave out, then empties it.
void wipe(std::string& text) noexcept;

/// Equality in a time that depends only on the lengths: for comparing what an attacker must not guess octet by octet.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace fermo
