#pragma once

#include "base/result.h"

namespace fermo::runtime {

/// Why something of this module did not happen.
enum class Error {
  queue_full = 1,  ///< Every thread of a pool is busy and its queue is full; temporary.
  job_failed,      ///< A job ended by an exception: nobody knows how far it came.
  cancelled,       ///< Stream::cancel() was called.
  interrupted,     ///< Stream::interrupt_read() was called; the stream goes on.
  truncated,       ///< A TLS peer closed the connection without close_notify: what came before may have been cut.
};

boost::system::error_code make_error_code(Error error) noexcept;

/// An error of OpenSSL, taken from the front of its queue for this thread; `fallback` when the queue is empty.
boost::system::error_code take_openssl_error(boost::system::error_code fallback);

}  // namespace fermo::runtime

template <>
struct boost::system::is_error_code_enum<fermo::runtime::Error> : std::true_type {};
