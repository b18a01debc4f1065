#pragma once

#include <sstream>
#include <string>

#include "fermo/console.h"

namespace fermo::commands {

/// A console that keeps what is complained of, for somebody who has to say as well whom it is about.
class Complaints {
 public:
  explicit Complaints(const Console& console) : console_{console.in, console.out, text_, console.terminal} {}
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;

  const Console& console() const { return console_; }
  /// All of it in one line, with semicolons between.
  std::string text() const;

 private:
  std::ostringstream text_;
  Console console_;
};

}  // namespace fermo::commands
