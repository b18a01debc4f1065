#include "maildrop/backup.h"

#include <stdexcept>

namespace fermo::maildrop {

void throw_exception_from_error(const BackupFailure& failure, const boost::source_location& /*where*/) {
  throw std::runtime_error(failure.text);
}

}  // namespace fermo::maildrop
