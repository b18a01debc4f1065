#pragma once

#include "account/directory.h"
#include "auth/password_file.h"

namespace fermo::auth {

/// Answers whose mail is held here from a password file: every user in it, whether or not they can log in. Looks for
/// local@domain; local without its "+extension" @domain; local; local without its "+extension"; the first match wins. A
/// local-part that holds an "@" itself (it was quoted) belongs to nobody, or `"alice@example.org"@elsewhere` would be
/// Alice. Thread-safe.
class LocalDirectory final : public account::Directory {
 public:
  /// `file` must outlive this object.
  explicit LocalDirectory(PasswordFile& file) : file_(file) {}

  /// Errors: those of PasswordFile::load().
  Result<std::optional<account::Account>> find(const mail::Address& recipient) override;

 private:
  PasswordFile& file_;
};

}  // namespace fermo::auth
