#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "maildrop_rocks/rocks_maildrop.h"

namespace fermo::rocks {

/// For tests: a store in a temporary folder, and mail for Anna in it.
class StoreFolderTest : public testing::Test {
 protected:
  StoreFolderTest() {
    std::string name = (std::filesystem::temp_directory_path() / "fermo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    root_ = name;
    store_ = open(root_ / "store");
  }
  ~StoreFolderTest() override {
    store_.reset();
    std::filesystem::remove_all(root_);
  }

  std::unique_ptr<RocksMaildrop> open(const std::filesystem::path& path) {
    Settings settings;
    settings.path = path;
    settings.clock = &clock_;
    settings.log = [this](Severity, std::string_view line) { said_ += line; };
    return RocksMaildrop::open(settings).value();
  }

  void deliver(const std::string& wire) {
    auto delivery = store_->begin_delivery().value();
    delivery->append(wire).value();
    const Octets octets{wire.size()};
    const maildrop::Recipient recipient{anna_, "", std::nullopt};
    delivery->finish({octets, octets, octets}, {&recipient, 1}, clock_.now()).value();
  }

  std::vector<std::string> mail_in(const std::filesystem::path& store) { return mail_in(*open(store)); }
  std::vector<std::string> mail_in(maildrop::Store& store) {
    std::vector<std::string> mail;
    const auto snapshot = store.open(anna_).value();
    for (std::uint64_t n = 0; n < snapshot->drop_listing().messages; ++n) {
      const auto cursor = snapshot->read(MessageNumber::at_index(n)).value();
      std::string piece;
      for (mail.emplace_back(); cursor->next(piece).value();) mail.back() += piece;
    }
    return mail;
  }

  /// Long enough for a blob file.
  static std::string message(char letter) { return std::string(20'000, letter) + "\r\n"; }

  ManualClock clock_;
  const DropId anna_ = *DropId::from("anna");
  std::filesystem::path root_;
  std::string said_;  ///< By any store that was opened here.
  std::unique_ptr<RocksMaildrop> store_;
};

}  // namespace fermo::rocks
