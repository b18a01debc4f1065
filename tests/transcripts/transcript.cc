#include "transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace fermo::transcripts {
namespace {

// --- Reading ---------------------------------------------------------------------------------------------------------

/// Takes an escape off the front of `text`.
std::string take_escape(std::string_view& text) {
  const auto take = [&text](std::size_t octets) { text.remove_prefix(octets); };
  if (text.starts_with("\\\\")) return take(2), "\\";
  if (text.starts_with("\\n")) return take(2), "\n";
  if (text.starts_with("\\x") && text.size() >= 4) {
    const auto octet = std::stoul(std::string(text.substr(2, 2)), nullptr, 16);
    return take(4), std::string(1, static_cast<char>(octet));
  }
  const auto end = text.find('}');
  if (text.starts_with("${") && end != std::string_view::npos && text[3] == '*') {
    const auto times = std::stoul(std::string(text.substr(4, end - 4)));
    const char repeated = text[2];
    return take(end + 1), std::string(times, repeated);
  }
  throw std::runtime_error("no such escape: " + std::string(text));
}

std::string unescaped(std::string_view text) {
  std::string octets;
  while (!text.empty()) {
    if (text.front() == '\\' || text.starts_with("${")) {
      octets += take_escape(text);
    } else {
      octets += text.front();
      text.remove_prefix(1);
    }
  }
  return octets;
}

Item read_item(const std::string& line, unsigned number) {
  const auto mark = line.substr(0, 2);
  const auto rest = line.size() > 3 ? line.substr(3) : std::string();
  if (mark == "C:") return {Item::Kind::client, unescaped(rest) + "\r\n", {}, number};
  if (mark == "C+") return {Item::Kind::client, unescaped(rest), {}, number};
  if (mark == "E:") return {Item::Kind::event, rest, {}, number};
  if (mark == "S:") return {Item::Kind::server, unescaped(rest) + "\r\n", {}, number};
  if (mark != "D:") throw std::runtime_error("line " + std::to_string(number) + " makes no sense: " + line);
  const auto arrow = rest.find(" -> ");
  if (arrow == std::string::npos) return {Item::Kind::step, unescaped(rest), {}, number};
  return {Item::Kind::step, unescaped(rest.substr(0, arrow)), unescaped(rest.substr(arrow + 4)), number};
}

void read_file(const std::filesystem::path& path, std::vector<Dialogue>& dialogues) {
  std::ifstream file(path);
  std::string line;
  for (unsigned number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("=== ")) {
      dialogues.push_back({path.stem().string(), line.substr(4), {}, {}});
    } else if (line.starts_with("@ ")) {
      dialogues.back().settings.push_back(line.substr(2));
    } else {
      dialogues.back().items.push_back(read_item(line, number));
    }
  }
}

// --- Playing ---------------------------------------------------------------------------------------------------------

std::string shown(std::string_view octets) {
  std::string text;
  for (const char c : octets) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, c >= 0x20 && c < 0x7F ? "%c" : "\\x%02X", static_cast<unsigned char>(c));
    text += escaped;
  }
  return text;
}

class Player {
 public:
  Player(const Dialogue& dialogue, Party& party, const Cut& cut) : dialogue_(dialogue), party_(party), cut_(cut) {}

  void play() {
    listen();
    end_turn();
    while (!failed() && position_ < dialogue_.items.size()) {
      take_turn();
      end_turn();
    }
    EXPECT_TRUE(failed() || sent_.empty()) << "also sent: " << shown(sent_);
  }

 private:
  static bool failed() { return ::testing::Test::HasFailure(); }
  bool is_input(std::size_t at) const {
    return at < dialogue_.items.size() &&
           (dialogue_.items[at].kind == Item::Kind::client || dialogue_.items[at].kind == Item::Kind::event);
  }

  /// Octets of consecutive C lines go in together.
  void take_turn() {
    auto at = position_;
    while (is_input(at)) ++at;
    expected_ = at;
    for (auto i = position_; i < at && !failed();) {
      std::string octets;
      while (i < at && dialogue_.items[i].kind == Item::Kind::client) octets += dialogue_.items[i++].text;
      receive(octets);
      if (i < at && !failed()) happen(dialogue_.items[i++].text);
    }
  }

  void receive(std::string_view octets) {
    for (const auto piece : cut_(octets)) {
      if (closed_ || failed()) return;
      party_.receive(piece);
      listen();
    }
  }

  void happen(const std::string& event) {
    if (closed_) return;
    party_.happen(event);
    listen();
  }

  /// Obeys the session until it wants input or has closed.
  void listen() {
    while (!failed()) {
      const auto move = party_.next();
      switch (move.kind) {
        case Party::Move::Kind::need_input:
          return;
        case Party::Move::Kind::send:
          take_sent(move.text);
          break;
        case Party::Move::Kind::step:
          take_step(move.text);
          break;
        case Party::Move::Kind::close:
          closed_ = true;
          return take_step(move.text);
      }
    }
  }

  void take_sent(const std::string& octets) {
    sent_ += octets;
    for (auto end = sent_.find('\n'); end != std::string::npos && !failed(); end = sent_.find('\n')) {
      expect(Item::Kind::server, sent_.substr(0, end + 1));
      sent_.erase(0, end + 1);
    }
  }

  void take_step(const std::string& step) {
    const auto* item = expect(Item::Kind::step, step);
    if (item != nullptr && !item->answer.empty()) party_.answer(item->answer);
  }

  const Item* expect(Item::Kind kind, const std::string& text) {
    const auto at = expected_;
    const bool over = at >= dialogue_.items.size() || is_input(at);
    if (over || dialogue_.items[at].kind != kind || dialogue_.items[at].text != text) {
      ADD_FAILURE() << where(at) << (over ? "nothing" : shown(dialogue_.items[at].text))
                    << "\nwhat came:      " << shown(text);
      return nullptr;
    }
    ++expected_;
    return &dialogue_.items[at];
  }

  /// Whatever stands before the next input must have come.
  void end_turn() {
    position_ = expected_;
    if (!failed() && position_ < dialogue_.items.size() && !is_input(position_)) {
      ADD_FAILURE() << where(position_) << shown(dialogue_.items[position_].text) << "\nwhat came:      nothing";
    }
  }

  std::string where(std::size_t at) const {
    const auto& items = dialogue_.items;
    const auto line = items.empty() ? 0 : items[std::min(at, items.size() - 1)].line;
    return dialogue_.file + ".txt:" + std::to_string(line) + ": " + dialogue_.title + "\nwhat should be: ";
  }

  const Dialogue& dialogue_;
  Party& party_;
  const Cut& cut_;
  std::size_t position_ = 0;  ///< Where the next turn begins.
  std::size_t expected_ = 0;  ///< What should come next.
  std::string sent_;          ///< An unfinished line.
  bool closed_ = false;
};

/// The octets of the session under test are what the dialogue expects.
void swap_sides(Dialogue& dialogue) {
  for (Item& item : dialogue.items) {
    if (item.kind == Item::Kind::client) {
      item.kind = Item::Kind::server;
    } else if (item.kind == Item::Kind::server) {
      item.kind = Item::Kind::client;
    }
  }
}

}  // namespace

void PrintTo(const Dialogue& dialogue, std::ostream* out) {
  *out << dialogue.file << ": " << dialogue.title;
}

bool has(const Dialogue& dialogue, std::string_view setting) {
  return std::ranges::find(dialogue.settings, setting) != dialogue.settings.end();
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string in_quotes(const std::string& text) {
  return " \"" + text + '"';
}

std::vector<Dialogue> read_dialogues(const std::filesystem::path& folder, Side session) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<Dialogue> dialogues;
  for (const auto& path : paths) read_file(path, dialogues);
  if (session == Side::client) {
    for (Dialogue& dialogue : dialogues) swap_sides(dialogue);
  }
  return dialogues;
}

Cut whole() {
  return [](std::string_view octets) { return std::vector{octets}; };
}

Cut octet_by_octet() {
  return [](std::string_view octets) {
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < octets.size(); ++i) pieces.push_back(octets.substr(i, 1));
    return pieces;
  };
}

Cut at_random(std::uint64_t seed) {
  return [random = std::mt19937_64(seed)](std::string_view octets) mutable {
    std::vector<std::string_view> pieces;
    while (!octets.empty()) {
      const auto size = std::min<std::size_t>(octets.size(), std::uniform_int_distribution<std::size_t>(1, 24)(random));
      pieces.push_back(octets.substr(0, size));
      octets.remove_prefix(size);
    }
    return pieces;
  };
}

void play(const Dialogue& dialogue, Party& party, const Cut& cut) {
  Player(dialogue, party, cut).play();
}

}  // namespace fermo::transcripts
