#pragma once

#include <array>
#include <string_view>

namespace fermo::simulation {

/// What a server that is not to be trusted does. The oracle must notice each.
enum class Mutation {
  none,
  not_synced,              ///< Acknowledges what is not on the disk.
  acknowledged_too_early,  ///< 250 before the store has been asked.
  delivered_twice,
  one_recipient_forgotten,
  deletion_forgotten,       ///< +OK to QUIT, and nothing is done.
  deletion_by_half,         ///< The last one stays.
  deleted_without_quit,     ///< A session that breaks off deletes the first message.
  another_message_deleted,  ///< The one after it.
  unique_ids_change,        ///< With every start of the server.
  octet_lost,               ///< One of a long message, now and then.
};

struct MutationName {
  Mutation mutation;
  std::string_view name;
};
inline constexpr std::array mutation_names{
    MutationName{Mutation::none, "none"},
    MutationName{Mutation::not_synced, "not-synced"},
    MutationName{Mutation::acknowledged_too_early, "acknowledged-too-early"},
    MutationName{Mutation::delivered_twice, "delivered-twice"},
    MutationName{Mutation::one_recipient_forgotten, "one-recipient-forgotten"},
    MutationName{Mutation::deletion_forgotten, "deletion-forgotten"},
    MutationName{Mutation::deletion_by_half, "deletion-by-half"},
    MutationName{Mutation::deleted_without_quit, "deleted-without-quit"},
    MutationName{Mutation::another_message_deleted, "another-message-deleted"},
    MutationName{Mutation::unique_ids_change, "unique-ids-change"},
    MutationName{Mutation::octet_lost, "octet-lost"},
};

}  // namespace fermo::simulation
