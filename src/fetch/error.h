#pragma once

#include "base/result.h"

namespace fermo::fetch {

/// Why a ledger or a delivery target could not do what was asked.
enum class Error {
  unavailable = 1,  ///< The disk, the file system or another program did not let us; trying again may help.
  out_of_space,     ///< Disk full or quota reached.
  in_use,           ///< Another process holds this account or this file.
  corrupt,          ///< What is stored is damaged.
  not_ours,         ///< The file is there, but it is not a ledger, an mbox or a Maildir.
  newer_version,    ///< Written by a newer version, whose form is not known here.
  no_such_record,   ///< The ledger has no such message.
  conflict,         ///< The ledger has another message under this key already.
  not_delivered,    ///< Deletion of a message whose delivery the ledger does not know of; refused.
  refused,          ///< The target does not take this message and never will.
  deferred,         ///< The target does not take this message at the moment.
  unreachable,      ///< The store or server that the mail goes to cannot be reached, or takes nothing at the moment.
  misused,          ///< The target is set up wrongly: a program that does not exist, a folder that is a file.
  spool_damaged,    ///< What was kept in a temporary file is not what was written to it.
};

boost::system::error_code make_error_code(Error error) noexcept;

/// What an errno of the file system means here.
Error from_errno(int code) noexcept;

}  // namespace fermo::fetch

template <>
struct boost::system::is_error_code_enum<fermo::fetch::Error> : std::true_type {};
