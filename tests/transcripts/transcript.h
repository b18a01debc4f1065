#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Dialogues with a protocol core, written as text and played with the client's octets whole, one by one and cut at
/// random.
///
///   === Title of a dialogue          Several may stand in one file.
///   # A comment.
///   @ setting                        Before the dialogue begins; what settings there are, the party says.
///   S: what the server sends, a line
///   C: what the client sends, a line
///   C+ the same without a line end
///   D: step -> answer                What the driver is asked to do, and how it went. Some steps want no answer.
///   E: something that happens to the session
///
/// Consecutive C and E lines are one turn: all its octets are received before anything after it is expected, in one
/// piece unless they are cut. In C, S and D lines "\xNN" is an octet, "\n" a LF, "\\" a backslash and "${A*2000}" 2,000
/// times "A".
namespace fermo::transcripts {

/// One thing that is done to the session, or that the session does.
struct Item {
  enum class Kind { client, event, server, step };
  Kind kind;
  std::string text;    ///< For the client: octets with their line end. For a step: without its answer.
  std::string answer;  ///< Of a step.
  unsigned line;       ///< In the file.
};

struct Dialogue {
  std::string file;
  std::string title;
  std::vector<std::string> settings;
  std::vector<Item> items;
};
bool has(const Dialogue& dialogue, std::string_view setting);
/// What stands between white space.
std::vector<std::string> words_of(const std::string& text);
/// Behind a space, as texts stand in steps.
std::string in_quotes(const std::string& text);
/// For GoogleTest.
void PrintTo(const Dialogue& dialogue, std::ostream* out);

/// Whose octets the session under test sends.
enum class Side { server, client };

/// All dialogues of the `*.txt` files in `folder`, in the order of their names, as the session of that side meets them:
/// for a client's, the S lines are Item::Kind::client. Throws std::runtime_error for what it cannot read.
std::vector<Dialogue> read_dialogues(const std::filesystem::path& folder, Side session);

/// The core under test, seen from the dialogue.
class Party {
 public:
  virtual ~Party() = default;

  struct Move {
    enum class Kind { need_input, send, step, close };
    Kind kind;
    std::string text;  ///< The octets sent, or the step as the dialogue has it.
  };
  virtual Move next() = 0;
  virtual void receive(std::string_view octets) = 0;
  virtual void happen(const std::string& event) = 0;
  virtual void answer(const std::string& answer) = 0;
};

/// Cuts octets into pieces that are received one after another.
using Cut = std::function<std::vector<std::string_view>(std::string_view octets)>;
Cut whole();
Cut octet_by_octet();
Cut at_random(std::uint64_t seed);

/// Plays the dialogue and fails the current test at the first line that goes differently.
void play(const Dialogue& dialogue, Party& party, const Cut& cut);

/// What dialogue_suite.cc plays: each dialogue whole, octet by octet and cut at random, but for those with the setting
/// "not cut". Each test program defines one.
struct Suite {
  Side session;
  std::size_t dialogues_min;  ///< In FERMO_TRANSCRIPTS.
  void (*play)(const Dialogue& dialogue, const Cut& cut);
};
extern const Suite suite;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace fermo::transcripts
