#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "fermo/drop_actions.h"
#include "fermo/drop_commands.h"
#include "fermo/drop_place.h"
#include "fermo/drop_verification.h"
#include "fermo/json.h"
#include "fermo/table.h"
#include "maildrop/error.h"

namespace fermo::commands {
namespace {

struct VerifyOptions {
  CommonOptions common;
  std::vector<std::string> names;
};

nlohmann::json to_json(const DropId& drop, const DropVerification& found) {
  auto damaged = nlohmann::json::array();
  for (const auto& unique_id : found.damaged) damaged.push_back(unique_id.text());
  nlohmann::json object = {{"drop", drop.text()},
                           {"messages", found.sound.messages},
                           {"octets", found.sound.octets.value},
                           {"damaged", std::move(damaged)}};
  if (found.problem) object["problem"] = *found.problem;
  return object;
}

/// Verifies one maildrop after the other and tells at once what it finds: a store may take hours.
class Verification {
 public:
  Verification(const Place& place, bool json, const Console& console) : place_(place), json_(json), console_(console) {
    if (json_) console_.out << "[";
  }

  void verify(const DropId& drop) {
    if (stopped_) return;
    const auto found = verify_drop(*place_.store, drop);
    if (!found) {
      stop(complain_of_store(console_, "cannot verify the maildrop of " + printable(drop.text()), found.error()));
      return;
    }
    drops_ += 1;
    sound_.messages += found->sound.messages;
    sound_.octets += found->sound.octets;
    damaged_ += found->damaged.size();
    if (!found->is_sound()) code_ = ExitCode::io_error;
    if (json_) {
      console_.out << std::exchange(separator_, ",\n");
      console_.out << to_json(drop, *found).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    } else {
      print(drop, *found);
    }
    console_.out.flush();
  }

  void stop(ExitCode code) {
    stopped_ = true;
    code_ = code;
  }

  ExitCode finish() {
    if (json_) {
      console_.out << "\n]\n";
    } else if (!stopped_) {
      console_.out << "verified " << sound_.messages << " messages of " << sound_.octets.value << " octets in "
                   << drops_ << " maildrops; " << damaged_ << " messages are damaged\n";
    }
    return code_;
  }

 private:
  void print(const DropId& drop, const DropVerification& found) {
    const std::string name = printable(drop.text());
    for (const auto& unique_id : found.damaged) console_.out << "damaged: " << name << ' ' << unique_id.text() << '\n';
    if (found.problem) console_.out << "damaged: " << name << ": " << *found.problem << '\n';
  }

  const Place& place_;
  const bool json_;
  const Console& console_;
  const char* separator_ = "\n";
  bool stopped_ = false;
  std::uint64_t drops_ = 0;
  mail::DropListing sound_;
  std::uint64_t damaged_ = 0;
  ExitCode code_ = ExitCode::ok;
};

/// All of `names` before the first is read: a wrong one costs nothing then.
Outcome<std::vector<DropId>> find_all(const Place& place, const std::vector<std::string>& names,
                                      const Console& console) {
  std::vector<DropId> drops;
  for (const auto& name : names) {
    const auto held = hold(place, name, console);
    if (!held) return held.error();
    drops.push_back(held->drop);
  }
  return drops;
}

ExitCode verify(const VerifyOptions& options, const Console& console) {
  const auto place = go_to(options.common, console);
  if (!place) return place.error();
  const auto named = find_all(*place, options.names, console);
  if (!named) return named.error();
  Verification verification(*place, options.common.json, console);
  for (const auto& drop : *named) verification.verify(drop);
  if (named->empty()) {
    const auto listed =
        for_each_drop(*place->store, [&](const maildrop::DropSummary& summary) { verification.verify(summary.drop); });
    if (!listed) verification.stop(complain_of_store(console, "cannot list the maildrops", listed.error()));
  }
  return verification.finish();
}

}  // namespace

void add_drop_verify(CLI::App& drop, Invocation& invocation) {
  CLI::App& app = *drop.add_subcommand("verify", "Read every message and hold it against its checksums");
  auto options = std::make_shared<VerifyOptions>();
  options->common.add_to(app);
  app.add_option("NAME", options->names, "The users whose maildrops to verify (default: all)")->option_text(" ");
  runs(app, invocation, std::move(options), verify);
}

}  // namespace fermo::commands
