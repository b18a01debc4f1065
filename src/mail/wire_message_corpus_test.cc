#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "mail/dot_codec.h"
#include "mail/wire_message.h"

namespace fermo::mail {
namespace {

namespace fs = std::filesystem;

/// A folder with real mail that is not part of this tree: `corpus/NAME.tar.zst` holds one message a file, and
/// `corpus/NAME.index.tsv.zst` says what was counted in each by other means.
std::optional<fs::path> corpus_folder() {
  const auto environment = [](const char* name) {
    return std::string_view(std::getenv(name) ? std::getenv(name) : "");
  };
  const fs::path shared = environment("FERMO_SHARED").empty() ? fs::path(environment("FERMO_SOURCE_DIR")) / "../shared"
                                                              : fs::path(environment("FERMO_SHARED"));
  if (fs::is_directory(shared / "corpus")) return shared / "corpus";
  return std::nullopt;
}

/// What a command writes; the test fails when the command does.
std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) ADD_FAILURE() << "cannot run " << command;
  if (pipe == nullptr) return output;
  std::array<char, 65536> piece;
  while (const std::size_t octets = std::fread(piece.data(), 1, piece.size(), pipe))
    output.append(piece.data(), octets);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "fermo-corpus-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = name;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct IndexRow {
  std::string path;
  std::uint64_t wire_octets, dot_lines;
};

std::vector<IndexRow> index_of(const fs::path& archive_index) {
  std::istringstream index(output_of("zstd -dcq '" + archive_index.string() + "'"));
  std::vector<IndexRow> rows;
  for (std::string line; std::getline(index, line);) {
    std::vector<std::string> columns;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) columns.push_back(field);
    if (columns.size() < 9 || columns[5].find_first_not_of("0123456789") != std::string::npos) continue;  // the heading
    rows.push_back({columns[0], std::stoull(columns[5]), std::stoull(columns[8])});
  }
  return rows;
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

void expect_as_counted(const IndexRow& row, const std::string& content) {
  WireEncoder encoder(WireEncoder::BareLf::to_crlf);
  std::string wire;
  encoder.encode(content, wire);
  const WireSummary summary = encoder.finish(wire);
  EXPECT_EQ(summary.octets.value, row.wire_octets) << row.path;
  EXPECT_EQ(summary.wire_octets.value - summary.octets.value, row.dot_lines) << row.path;
  EXPECT_EQ(summary.wire_octets.value, wire.size()) << row.path;
  EXPECT_LE(summary.header_wire_octets, summary.wire_octets) << row.path;

  std::string back;
  EXPECT_TRUE(DotDecoder().decode(wire + ".\r\n", back).ended) << row.path;
  EXPECT_EQ(back.size(), row.wire_octets) << row.path;
  EXPECT_TRUE(wire == dot_stuffed(back)) << row.path;
}

TEST(WireEncoderOnRealMail, CountsTheOctetsAndDotLinesThatWereCountedByOtherMeans) {
  const auto corpus = corpus_folder();
  if (!corpus) GTEST_SKIP() << "no real mail here: set FERMO_SHARED to a folder with corpus/NAME.tar.zst and its index";
  std::size_t messages = 0;
  for (const std::string name : {"spamassassin-a", "list-usrp-a", "mime-fixtures"}) {
    const TemporaryFolder folder;
    output_of("tar --zstd -xf '" + (*corpus / (name + ".tar.zst")).string() + "' -C '" + folder.path().string() + "'");
    for (const IndexRow& row : index_of(*corpus / (name + ".index.tsv.zst"))) {
      expect_as_counted(row, content_of(folder.path() / row.path));
      ++messages;
    }
  }
  EXPECT_GT(messages, 3000u);
}

}  // namespace
}  // namespace fermo::mail
