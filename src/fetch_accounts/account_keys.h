#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/toml_reader.h"
#include "config/value_reader.h"
#include "fetch_accounts/account.h"
#include "fetch_accounts/account_file.h"

/// The keys of an account. Internal to the module.
namespace fermo::fetch_accounts {

/// An account that is being read.
struct Draft {
  Account account;
  std::uint32_t line = 0;               ///< Where its table begins.
  std::vector<std::string_view> given;  ///< The keys that its own table has.
};

struct Context {
  const Surroundings& surroundings;
  std::vector<config::Problem>& problems;
};

enum class Form { text, number, boolean, texts };

/// One key: the only place that says its name, its meaning, what it may be and where it is kept.
struct Key {
  std::string_view name;
  std::string_view explanation;
  std::string_view example;  ///< As TOML.
  Form form;
  bool by_default;  ///< May stand in [defaults].
  void (*read)(const config::ValueReader& value, Draft& draft, const Context& context);
};

std::span<const Key> keys();

}  // namespace fermo::fetch_accounts
