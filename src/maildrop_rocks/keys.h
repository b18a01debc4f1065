#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mail/unique_id.h"

/// How keys are written. Numbers are big-endian, so that keys sort as their numbers do.
namespace fermo::rocks {

/// Stands for the name of a drop in every other table; given out once and never again.
using DropNumber = std::uint64_t;
/// Names a body. Taken from the same source as the arrivals, so it is never given out twice either.
using BodyId = mail::ArrivalId;

inline constexpr std::size_t arrival_key_octets = 12;
inline constexpr std::size_t index_key_octets = 8 + arrival_key_octets;

void append_u32(std::string& out, std::uint32_t number);
void append_u64(std::string& out, std::uint64_t number);
/// Takes a number off the front of `in`; nothing, and `in` unchanged, when it is too short.
std::optional<std::uint32_t> take_u32(std::string_view& in);
std::optional<std::uint64_t> take_u64(std::string_view& in);

void append_arrival(std::string& out, const mail::ArrivalId& arrival);
std::optional<mail::ArrivalId> take_arrival(std::string_view& in);

std::string arrival_key(const mail::ArrivalId& arrival);
/// All keys of a drop in `index` and `heads` begin with this.
std::string drop_prefix(DropNumber drop);
std::string index_key(DropNumber drop, const mail::ArrivalId& arrival);
/// The arrival in a key of `index`.
std::optional<mail::ArrivalId> arrival_of(std::string_view index_key);
std::string chunk_key(const BodyId& body, std::uint32_t chunk);
std::string reference_key(const BodyId& body, DropNumber drop, const mail::ArrivalId& arrival);
std::string foreign_key(DropNumber drop, const mail::UniqueId& unique_id);

/// The least key that comes after every key with this prefix; empty when there is none.
std::string after_prefix(std::string prefix);

}  // namespace fermo::rocks
