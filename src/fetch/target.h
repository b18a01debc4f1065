#pragma once

#include <string>
#include <string_view>

#include "base/octets.h"
#include "base/result.h"
#include "fetch/error.h"
#include "fetch/plan.h"

/// Where messages are delivered. A target makes one thing sure that nothing else can: however often and wherever the
/// process is ended, a message that is given to it again under the same name is there once.
namespace fermo::fetch {

/// One message that comes.
struct Incoming {
  std::string name;   ///< From fetcher::delivery_name(); the same message has the same name in every run.
  Octets octets;      ///< As LIST announced them, which may be wrong.
  bool whole = true;  ///< False for a head with some lines, of a message that is to be fetched another time.
};

/// Messages are given one after the other: begin, append…, end; then commit() for all that have ended. Blocking; used
/// by one thread at a time. Destroyed before commit() has succeeded, it leaves nothing behind that anybody can see, or
/// whole messages only.
class Target {
 public:
  virtual ~Target() = default;

  /// Whether a message of that name is there. Spares fetching again what a session delivered that could not record it:
  /// to be asked when AccountState::deliveries_open says that there was one, and on the first run. `unknown` where a
  /// target cannot know (a command, LMTP). Errors: as begin().
  virtual Result<Presence> find(std::string_view name) = 0;

  /// Whether anything of that name is there, which is enough for Mode::mirror to leave it on the server: also where it
  /// has changed, or where it would be given again. Errors: as find().
  virtual Result<Presence> presence(std::string_view name) { return find(name); }

  /// A message that is there already may be given again: it will be there once, also where a reader has moved it, if
  /// find() was asked before.
  /// Errors: unavailable, out_of_space, in_use, misused.
  virtual Result<void> begin(const Incoming& message) = 0;
  /// Takes the next piece of its content: lines that end in CRLF, byte-stuffing undone. After an error the message is
  /// over.
  virtual Result<void> append(std::string_view content) = 0;
  /// The message is complete. Only now may anybody else get to see it. Errors: also refused and deferred, for this
  /// message alone.
  virtual Result<void> end() = 0;
  /// The message was cut off: nobody ever gets to see what came of it.
  virtual void abandon() = 0;

  /// Makes durable, and visible, every message that has ended. After an error nobody may be told that any of them was
  /// delivered; given again in another run, each will be there once. What was committed must be recorded in the ledger
  /// before the next begin().
  ///
  /// A system that could not write octets says so once, and takes them for written from then on. So after an error
  /// another commit() either writes every one of them anew or fails too; end() may have failed because of it.
  virtual Result<void> commit() = 0;

  /// What was committed is recorded: removes what was kept until then. Not in commit(), since nobody needs to wait for
  /// it; begin() does it where nobody has called this.
  virtual void tidy() {}

  /// A text that stays the same as long as this is the same place; another one, or none, when a disk is not mounted or
  /// a folder was made anew. Mirroring deletes nothing on the server when it has changed.
  virtual Result<std::string> mark() = 0;

  /// What the target itself said about the last error, for the user; may be empty.
  virtual std::string explanation() const { return {}; }
};

}  // namespace fermo::fetch
