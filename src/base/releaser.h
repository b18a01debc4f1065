#pragma once

namespace fermo {

/// For a std::unique_ptr to an object of a C library that has a function of its own to release it.
template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};

}  // namespace fermo
