#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace fermo {

using boost::system::error_code;

/// A value, or why there is none. For operating failures only: protocol outcomes are values, our own bugs hit
/// FERMO_CHECK.
template <class T>
using Result = boost::system::result<T, error_code>;

}  // namespace fermo
