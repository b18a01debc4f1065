#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

/// When to fetch an account the next time. Pure: it is told the time and asked for one.
namespace fermo::fetch {

/// What came of a fetch, as far as the next one depends on it.
enum class Outcome {
  done,
  later,          ///< The server, the network or the disk could not at the moment; waiting may help.
  wrong,          ///< Something has to be put right by somebody; waiting alone may not help.
  login_refused,  ///< As `wrong`, and each attempt may lock the account.
};

/// How often.
struct Pace {
  std::chrono::seconds interval;         ///< As the user wants it.
  std::chrono::seconds interval_min{0};  ///< Between the beginnings of two sessions, whatever else: the provider's.
  friend bool operator==(const Pace&, const Pace&) = default;
};

/// The times of one account.
///
/// After a fetch that was done, the next begins `Pace::interval` after it had begun. After one that was not, the wait
/// is limits::fetch_retry_wait_min, twice that after the second in a row, and so on up to
/// limits::fetch_retry_wait_max, and up to a quarter more by chance, so that many who failed together do not come
/// again together. After a login that was refused it is limits::fetch_login_refused_wait. No two sessions ever begin
/// closer to each other than the provider and the server's LOGIN-DELAY (RFC 2449 §6.5) allow.
class Schedule {
 public:
  /// `last_login`: before this process (AccountState::last_login).
  Schedule(Pace pace, std::optional<Timestamp> last_login, Timestamp now);

  /// When the next fetch is to begin.
  Timestamp due() const { return due_; }
  /// It waits for somebody to put things right.
  bool held() const { return held_; }

  void began(Timestamp now);
  /// `login_delay`: as the server announced it in this session. `chance`: 0 to 1.
  void ended(Outcome outcome, Timestamp now, std::optional<std::chrono::seconds> login_delay, double chance);

  /// The user wants it now. That does not shorten what provider and server insist on.
  void hurry(Timestamp now);
  /// Something was changed by the user: what held it back may be gone.
  void change(Pace pace, Timestamp now);

 private:
  Timestamp earliest() const;
  void set(Timestamp due) { due_ = due > earliest() ? due : earliest(); }
  std::chrono::seconds retry_wait() const;

  Pace pace_;
  std::optional<Timestamp> begun_;  ///< The last session.
  std::chrono::seconds login_delay_{0};
  unsigned failures_ = 0;  ///< In a row.
  bool held_ = false;
  Timestamp due_;
};

}  // namespace fermo::fetch
