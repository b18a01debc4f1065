#include "base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fermo {
namespace {

constexpr std::string_view short_text = "hunter2";  // small enough to be kept inside the string object
constexpr std::string_view long_text = "correct horse battery staple, and long enough to be kept on the heap";

bool wiped(const char* where, std::size_t octets) {
  return std::all_of(where, where + octets, [](char c) { return c == '\0'; });
}

bool holds(const unsigned char* memory, std::size_t octets, std::string_view text) {
  return std::search(memory, memory + octets, text.begin(), text.end()) != memory + octets;
}

TEST(Secret, RevealsWhatItWasMadeFrom) {
  EXPECT_EQ(Secret(short_text).reveal(), short_text);
  EXPECT_EQ(Secret(long_text).reveal(), long_text);
  EXPECT_EQ(Secret().reveal(), "");
  EXPECT_EQ(Secret(std::string_view("a\0b", 3)).reveal().size(), 3u);
}

TEST(Secret, IsCopiedAndMoved) {
  Secret first(long_text);
  Secret copy = first;
  EXPECT_EQ(copy, first);
  const Secret moved = std::move(first);
  EXPECT_EQ(moved.reveal(), long_text);
  EXPECT_EQ(first.reveal(), "");  // NOLINT(bugprone-use-after-move): empty is what it promises to be
  first = moved;
  EXPECT_EQ(first.reveal(), long_text);
  first = Secret(short_text);
  EXPECT_EQ(first.reveal(), short_text);
}

TEST(Secret, SurvivesBeingAssignedToItself) {
  Secret secret(long_text);
  Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), long_text);
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), long_text);
}

TEST(Secret, WipesWhatItHeldWhenMovedFrom) {
  for (const auto text : {short_text, long_text}) {
    Secret secret(text);
    const char* where = secret.reveal().data();
    const Secret moved = std::move(secret);
    EXPECT_TRUE(wiped(where, text.size())) << text;
    EXPECT_EQ(moved.reveal(), text);

    Secret assigned_from(text);
    where = assigned_from.reveal().data();
    Secret assigned_to;
    assigned_to = std::move(assigned_from);
    EXPECT_TRUE(wiped(where, text.size())) << text;
    EXPECT_EQ(assigned_to.reveal(), text);
  }
}

TEST(Secret, WipesWhatItHeldWhenAssignedOver) {
  Secret secret(long_text);
  const char* where = secret.reveal().data();
  secret = Secret();
  EXPECT_TRUE(wiped(where, long_text.size()));
}

TEST(Secret, WipesWhatItHeldWhenItEnds) {
  alignas(Secret) unsigned char memory[sizeof(Secret)];
  auto* secret = new (memory) Secret(short_text);
  ASSERT_TRUE(holds(memory, sizeof memory, short_text)) << "the text is where the test looks";
  secret->~Secret();
  EXPECT_FALSE(holds(memory, sizeof memory, short_text));
}

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

TEST(Secret, CannotBeStreamedNorTakenForAString) {
  static_assert(!Streamable<Secret> && Streamable<std::string>);
  static_assert(!std::is_convertible_v<Secret, std::string_view> && !std::is_convertible_v<std::string_view, Secret>);
  SUCCEED();
}

TEST(Wipe, OverwritesTheWholeCapacityAndEmpties) {
  std::string text(long_text);
  const char* where = text.data();
  text.resize(3);
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(wiped(where, long_text.size()));
  wipe(text);
  EXPECT_TRUE(text.empty());
}

TEST(EqualInConstantTime, SaysWhatEqualitySays) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time(long_text, std::string(long_text)));
  EXPECT_FALSE(equal_in_constant_time("a", ""));
  EXPECT_FALSE(equal_in_constant_time("secret", "secre"));
  for (std::size_t at = 0; at < long_text.size(); ++at) {
    for (const int bit : {0x01, 0x80}) {
      std::string other(long_text);
      other[at] = static_cast<char>(other[at] ^ bit);
      EXPECT_FALSE(equal_in_constant_time(long_text, other)) << at;
    }
  }
}

}  // namespace
}  // namespace fermo
