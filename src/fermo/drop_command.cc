#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/failure.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/drop_actions.h"
#include "fermo/drop_commands.h"
#include "fermo/drop_place.h"
#include "fermo/json.h"
#include "fermo/store_access.h"
#include "fermo/table.h"
#include "maildrop/error.h"

namespace fermo::commands {
namespace {

struct DropOptions {
  CommonOptions common;
  std::string name;
  std::string message;
  bool yes = false;
};

nlohmann::json to_json(const DropId& drop, const mail::DropListing& listing) {
  return {{"drop", drop.text()}, {"messages", listing.messages}, {"octets", listing.octets.value}};
}

// --- list ------------------------------------------------------------------------------------------------------------

ExitCode list_drops(const Place& place, bool json, const Console& console) {
  auto all = nlohmann::json::array();
  Table table({{"MAILDROP"}, {"MESSAGES", Table::Align::right}, {"OCTETS", Table::Align::right}});
  const auto listed = for_each_drop(*place.store, [&](const maildrop::DropSummary& summary) {
    const auto& listing = summary.listing;
    if (json) {
      all.push_back(to_json(summary.drop, listing));
    } else {
      table.add(
          {printable(summary.drop.text()), std::to_string(listing.messages), std::to_string(listing.octets.value)});
    }
  });
  if (!listed) return complain_of_store(console, "cannot list the maildrops", listed.error());
  if (json) {
    print_json(console.out, all);
  } else {
    table.print(console.out);
  }
  return ExitCode::ok;
}

std::string right_aligned(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

/// A million lines must not wait in memory for the widest: the widths come from the counters.
Result<void> print_listing_table(maildrop::Snapshot& snapshot, std::ostream& out) {
  const auto total = snapshot.drop_listing();
  const std::size_t number_width = std::max(std::string_view("NUMBER").size(), std::to_string(total.messages).size());
  const std::size_t octets_width =
      std::max(std::string_view("OCTETS").size(), std::to_string(total.octets.value).size());
  out << right_aligned("NUMBER", number_width) << "  " << right_aligned("OCTETS", octets_width) << "  UNIQUE-ID\n";
  return for_each_message(snapshot, [&](MessageNumber number, const mail::ScanListing& listing) {
    out << right_aligned(std::to_string(number.value()), number_width) << "  "
        << right_aligned(std::to_string(listing.octets.value), octets_width) << "  " << listing.unique_id.text()
        << '\n';
    return out.good();
  });
}

/// An array, a message on each line.
Result<void> print_listing_json(maildrop::Snapshot& snapshot, std::ostream& out) {
  out << "[";
  const char* separator = "\n";
  const auto printed = for_each_message(snapshot, [&](MessageNumber number, const mail::ScanListing& listing) {
    const nlohmann::json message = {
        {"number", number.value()}, {"unique_id", listing.unique_id.text()}, {"octets", listing.octets.value}};
    out << std::exchange(separator, ",\n") << message.dump();
    return out.good();
  });
  out << "\n]\n";
  return printed;
}

ExitCode list(const DropOptions& options, const Console& console) {
  const auto place = go_to(options.common, console);
  if (!place) return place.error();
  if (options.name.empty()) return list_drops(*place, options.common.json, console);
  const auto held = hold(*place, options.name, console);
  if (!held) return held.error();
  const auto print = options.common.json ? print_listing_json : print_listing_table;
  const auto printed = print(*held->snapshot, console.out);
  if (!printed) return complain_of_store(console, "cannot list the messages", printed.error());
  return ExitCode::ok;
}

// --- show ------------------------------------------------------------------------------------------------------------

ExitCode show_counters(const Held& held, bool json, const Console& console) {
  const auto listing = held.snapshot->drop_listing();
  if (json) {
    print_json(console.out, to_json(held.drop, listing));
  } else {
    console.out << "maildrop  " << printable(held.drop.text()) << "\nmessages  " << listing.messages << "\noctets    "
                << listing.octets.value << '\n';
  }
  return ExitCode::ok;
}

ExitCode show_message_counters(const Held& held, MessageNumber number, const maildrop::Cursor& cursor,
                               const Console& console) {
  const auto listing = held.snapshot->scan_listings(number, 1);
  if (!listing || listing->empty()) {
    return complain_of_store(console, "cannot list the message",
                             listing ? maildrop::make_error_code(maildrop::Error::corrupt) : listing.error());
  }
  print_json(console.out, {{"drop", held.drop.text()},
                           {"number", number.value()},
                           {"unique_id", listing->front().unique_id.text()},
                           {"octets", cursor.summary().octets.value},
                           {"wire_octets", cursor.summary().wire_octets.value},
                           {"header_wire_octets", cursor.summary().header_wire_octets.value}});
  return ExitCode::ok;
}

ExitCode show_message(const Held& held, MessageNumber number, bool json, const Console& console) {
  const auto cursor = held.snapshot->read(number);
  if (!cursor) return complain_of_store(console, "cannot read the message", cursor.error());
  if (json) return show_message_counters(held, number, **cursor, console);
  const auto written = write_message(**cursor, console.out);
  if (!written) return complain_of_store(console, "what was written is not the whole message", written.error());
  if (*written == WriteOutcome::output_failed) {
    console.complain("cannot write to standard output: what was written is not the whole message");
    return ExitCode::io_error;
  }
  return ExitCode::ok;
}

ExitCode show(const DropOptions& options, const Console& console) {
  const auto place = go_to(options.common, console);
  if (!place) return place.error();
  const auto held = hold(*place, options.name, console);
  if (!held) return held.error();
  if (options.message.empty()) return show_counters(*held, options.common.json, console);
  const auto number = find_message(*held->snapshot, options.message);
  if (!number) return complain_of_store(console, "cannot look for the message", number.error());
  if (!*number) {
    console.complain("no message with the number or unique-id «" + printable(options.message) + "»; fermo drop list " +
                     held->drop.text() + " shows them");
    return ExitCode::data_error;
  }
  return show_message(*held, **number, options.common.json, console);
}

// --- empty -----------------------------------------------------------------------------------------------------------

/// Whether the messages may be deleted; the question is about what is there now.
Outcome<void> confirm(const DropOptions& options, const Held& held, const Console& console) {
  if (options.yes) return {};
  if (!console.terminal.is_interactive()) {
    console.complain("nobody is there to confirm it; say --yes to delete all messages");
    return ExitCode::usage;
  }
  const auto messages = held.snapshot->drop_listing().messages;
  const std::string question =
      "Delete all " + std::to_string(messages) + " messages of " + printable(held.drop.text()) + "? [y/N] ";
  if (console.terminal.ask_yes(question)) return {};
  console.complain("nothing was deleted");
  return ExitCode::declined;
}

ExitCode empty(const DropOptions& options, const Console& console) {
  const auto place = go_to(options.common, console);
  if (!place) return place.error();
  const auto held = hold(*place, options.name, console);
  if (!held) return held.error();
  if (const auto confirmed = confirm(options, *held, console); !confirmed) return confirmed.error();
  const auto listing = held->snapshot->drop_listing();
  if (const auto emptied = delete_all(*held->snapshot); !emptied) {
    const bool unknown = emptied.error() == Failure::unknown;
    return complain_of_store(console,
                             unknown ? "it is not known whether the messages were deleted" : "nothing was deleted",
                             emptied.error());
  }
  if (options.common.json) {
    print_json(console.out, to_json(held->drop, listing));
  } else {
    console.out << "deleted " << listing.messages << " messages of " << listing.octets.value << " octets\n";
  }
  return ExitCode::ok;
}

// --- The tree --------------------------------------------------------------------------------------------------------

struct Leaf {
  CLI::App& app;
  std::shared_ptr<DropOptions> options;
};

Leaf add_leaf(CLI::App& drop, Invocation& invocation, const char* name, const char* description,
              ExitCode (*command)(const DropOptions&, const Console&)) {
  Leaf leaf{*drop.add_subcommand(name, description), std::make_shared<DropOptions>()};
  leaf.options->common.add_to(leaf.app);
  runs(leaf.app, invocation, leaf.options, command);
  return leaf;
}

}  // namespace

void add_drop(CLI::App& program, Invocation& invocation) {
  CLI::App& drop = *program.add_subcommand("drop", "Look into maildrops, verify and empty them");
  drop.require_subcommand(1);

  const Leaf listing = add_leaf(drop, invocation, "list", "List the maildrops, or the messages of one", list);
  listing.app.add_option("NAME", listing.options->name, "The user whose messages to list")->option_text(" ");

  const Leaf showing = add_leaf(drop, invocation, "show", "Show the counters of a maildrop, or a message of it", show);
  showing.app.add_option("NAME", showing.options->name, "The user")->required()->option_text(" ");
  showing.app.add_option("MESSAGE", showing.options->message, "Number or unique-id of the message to write out")
      ->option_text(" ");

  const Leaf emptying = add_leaf(drop, invocation, "empty", "Delete all messages of a maildrop", empty);
  emptying.app.add_option("NAME", emptying.options->name, "The user")->required()->option_text(" ");
  emptying.app.add_flag("--yes", emptying.options->yes, "Do not ask whether it is meant");

  add_drop_verify(drop, invocation);
}

}  // namespace fermo::commands
