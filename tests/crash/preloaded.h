#pragma once

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

/// What the libraries that are preloaded into the program share.
namespace preloaded {

template <class Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// The processes of a server see next to nothing of the environment. They are to get the library and its orders all the
/// same; so these variables are kept, and given to what the program starts from its own file. After a fork, where
/// nothing may be allocated.
template <std::size_t count>
class Inheritance {
 public:
  explicit Inheritance(const std::array<const char*, count>& names) {
    for (std::size_t n = 0; n < count; ++n) {
      const char* const value = std::getenv(names[n]);
      if (value == nullptr || std::strlen(names[n]) + std::strlen(value) + 2 > texts_[n].size()) continue;
      std::strcpy(texts_[n].data(), names[n]);
      std::strcat(texts_[n].data(), "=");
      std::strcat(texts_[n].data(), value);
    }
    execve_ = original<decltype(execve_)>("execve");
  }

  int execute(const char* path, char* const arguments[], char* const environment[]) {
    if (std::strcmp(path, "/proc/self/exe") != 0) return execve_(path, arguments, environment);
    std::array<char*, 256> all{};
    std::size_t end = 0;
    for (auto& text : texts_) {
      if (text[0] != '\0') all[end++] = text.data();
    }
    for (; *environment != nullptr && end + 1 < all.size(); ++environment) all[end++] = *environment;
    return execve_(path, arguments, all.data());
  }

 private:
  std::array<std::array<char, 4096>, count> texts_{};
  int (*execve_)(const char*, char* const[], char* const[]) = nullptr;
};

}  // namespace preloaded
