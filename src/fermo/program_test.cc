#include "fermo/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace fermo::commands {
namespace {

/// Answers as it was told to.
class ScriptedTerminal final : public Terminal {
 public:
  bool is_interactive() const override { return interactive; }
  std::optional<Secret> ask_secret(std::string_view prompt) override {
    asked.emplace_back(prompt);
    if (secrets.empty()) return std::nullopt;
    Secret next(secrets.front());
    secrets.erase(secrets.begin());
    return next;
  }
  std::optional<std::string> ask(std::string_view prompt) override {
    asked.emplace_back(prompt);
    if (answers.empty()) return std::nullopt;
    std::string next = answers.front();
    answers.erase(answers.begin());
    return next;
  }
  bool ask_yes(std::string_view prompt) override {
    asked.emplace_back(prompt);
    return yes;
  }

  bool interactive = false;
  bool yes = false;
  std::vector<std::string> secrets;
  std::vector<std::string> answers;
  std::vector<std::string> asked;
};

/// Runs commands in this process, on a data folder of its own.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest() : folder_((std::filesystem::temp_directory_path() / "fermo-program-XXXXXX").string()) {
    if (::mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~ProgramTest() override { std::filesystem::remove_all(folder_); }

  ExitCode run(std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.begin(), "fermo");
    words.insert(words.end(), {"--data", folder_ + "/data", "--config", "/dev/null"});
    std::vector<const char*> arguments;
    for (const auto& word : words) arguments.push_back(word.c_str());
    std::istringstream in(input);
    std::ostringstream out, err;
    const auto code = run_program(static_cast<int>(arguments.size()), arguments.data(), {in, out, err, terminal_});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  nlohmann::json json() const { return nlohmann::json::parse(out_); }
  void add_ann() { ASSERT_EQ(run({"user", "add", "ann", "--password-stdin"}, "secret\n"), ExitCode::ok) << err_; }

  std::string folder_;
  ScriptedTerminal terminal_;
  std::string out_;
  std::string err_;
};

TEST_F(ProgramTest, AMessageGoesInAndComesOut) {
  add_ann();
  ASSERT_EQ(run({"deliver", "ann", "--json"}, ".one\ntwo"), ExitCode::ok) << err_;
  EXPECT_EQ(json()["octets"], 11);
  const std::string unique_id = json()["delivered"][0]["unique_id"];
  ASSERT_EQ(run({"drop", "show", "ann", unique_id}), ExitCode::ok) << err_;
  EXPECT_EQ(out_, ".one\r\ntwo\r\n");
}

TEST_F(ProgramTest, ThePasswordThatWasAskedForIsTheOneThatIsSet) {
  terminal_.interactive = true;
  terminal_.secrets = {"one", "one"};
  ASSERT_EQ(run({"user", "add", "ann"}), ExitCode::ok) << err_;
  EXPECT_EQ(terminal_.asked.size(), 2u);
  terminal_.secrets = {"one", "two"};
  EXPECT_EQ(run({"user", "password", "ann"}), ExitCode::data_error);
  EXPECT_NE(err_.find("not the same"), std::string::npos);
}

TEST_F(ProgramTest, APasswordQuestionThatIsCutOffChangesNothing) {
  terminal_.interactive = true;
  EXPECT_EQ(run({"user", "add", "ann"}), ExitCode::data_error);
  ASSERT_EQ(run({"user", "list", "--json"}), ExitCode::ok);
  EXPECT_EQ(json(), nlohmann::json::array());
}

TEST_F(ProgramTest, EmptyAsksAndObeys) {
  add_ann();
  ASSERT_EQ(run({"deliver", "ann"}, "x\n"), ExitCode::ok) << err_;
  terminal_.interactive = true;
  EXPECT_EQ(run({"drop", "empty", "ann"}), ExitCode::declined);
  terminal_.yes = true;
  EXPECT_EQ(run({"drop", "empty", "ann", "--json"}), ExitCode::ok) << err_;
  EXPECT_EQ(json()["messages"], 1);
  ASSERT_EQ(terminal_.asked.size(), 2u);
  EXPECT_EQ(terminal_.asked[0], "Delete all 1 messages of ann? [y/N] ");
}

TEST_F(ProgramTest, ADeliveryToSomebodyUnknownReadsNothing) {
  add_ann();
  std::istringstream in("message");
  std::ostringstream out, err;
  const std::string data = folder_ + "/data";
  const char* const arguments[] = {"fermo",  "deliver",    "ann",      "nobody",
                                   "--data", data.c_str(), "--config", "/dev/null"};
  EXPECT_EQ(run_program(8, arguments, {in, out, err, terminal_}), ExitCode::no_user);
  EXPECT_EQ(in.tellg(), 0);
}

TEST_F(ProgramTest, InputThatBreaksOffDeliversNothing) {
  add_ann();
  class Broken final : public std::streambuf {
    int_type underflow() override {
      if (std::exchange(given_, true)) throw std::ios_base::failure("broken");
      setg(text_, text_, text_ + sizeof(text_));
      return traits_type::to_int_type(text_[0]);
    }
    char text_[4] = {'h', 'a', 'l', 'f'};
    bool given_ = false;
  } broken;
  std::istream in(&broken);
  std::ostringstream out, err;
  const std::string data = folder_ + "/data";
  const char* const arguments[] = {"fermo", "deliver", "ann", "--data", data.c_str(), "--config", "/dev/null"};
  EXPECT_EQ(run_program(7, arguments, {in, out, err, terminal_}), ExitCode::io_error) << err.str();
  ASSERT_EQ(run({"drop", "show", "ann", "--json"}), ExitCode::ok) << err_;
  EXPECT_EQ(json()["messages"], 0);
}

TEST_F(ProgramTest, OutputThatCannotBeWrittenIsAnError) {
  add_ann();
  std::istringstream in;
  std::ostream full(nullptr);
  std::ostringstream err;
  const std::string data = folder_ + "/data";
  const char* const arguments[] = {"fermo", "user", "list", "--data", data.c_str(), "--config", "/dev/null"};
  EXPECT_EQ(run_program(7, arguments, {in, full, err, terminal_}), ExitCode::io_error);
}

TEST_F(ProgramTest, NamesFromTheOutsideCannotMoveTheCursor) {
  add_ann();
  EXPECT_EQ(run({"drop", "show", "\x1b[2J"}), ExitCode::no_user);
  EXPECT_EQ(err_.find('\x1b'), std::string::npos) << err_;
  EXPECT_EQ(run({"deliver", "\x1b[2J"}), ExitCode::no_user);
  EXPECT_EQ(err_.find('\x1b'), std::string::npos) << err_;
}

}  // namespace
}  // namespace fermo::commands
