#include "smtp/arguments.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/limits.h"

namespace fermo::smtp {
namespace {

MailArguments taken(std::string_view argument) {
  auto parsed = parse_mail_arguments(argument);
  const auto* refusal = std::get_if<Reply>(&parsed);
  EXPECT_EQ(refusal, nullptr) << argument << ": " << (refusal != nullptr ? refusal->text : "");
  return refusal == nullptr ? std::get<MailArguments>(parsed) : MailArguments{};
}

Reply refused(std::string_view argument) {
  const auto parsed = parse_mail_arguments(argument);
  const auto* refusal = std::get_if<Reply>(&parsed);
  return refusal != nullptr ? *refusal : replies::done;
}

/// The recipient as text, or the reply's text in brackets.
std::string recipient(std::string_view argument, bool smtputf8 = false) {
  const auto parsed = parse_rcpt_arguments(argument, smtputf8);
  if (const auto* refusal = std::get_if<Reply>(&parsed)) return "[" + std::string(refusal->text) + "]";
  return std::get<mail::Address>(parsed).text();
}

const std::string no_path = "[that is no forward-path]";
const std::string no_syntax = "[RCPT TO:<path> is wanted]";

TEST(MailArguments, OfTheNullReversePath) {
  const MailArguments mail = taken("FROM:<>");
  EXPECT_FALSE(mail.reverse_path);
  EXPECT_FALSE(mail.declared_octets);
  EXPECT_FALSE(mail.smtputf8);
}

TEST(MailArguments, WithEveryParameter) {
  const MailArguments mail = taken("from:<a@b.example> size=123  Body=8BitMime smtputf8");
  EXPECT_EQ(mail.reverse_path, (mail::Address{"a", "b.example"}));
  EXPECT_EQ(mail.declared_octets, 123U);
  EXPECT_TRUE(mail.smtputf8);
}

TEST(MailArguments, SizeThatNoNumberHoldsIsTheLargest) {
  EXPECT_EQ(taken("FROM:<> SIZE=99999999999999999999").declared_octets, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(refused("FROM:<> SIZE=100000000000000000000"), replies::bad_parameter);
}

TEST(MailArguments, Utf8NeedsItsParameterWhereverItStands) {
  EXPECT_EQ(refused("FROM:<j\xC3\xBCrgen@b.example>"), replies::not_ascii);
  EXPECT_EQ(taken("FROM:<j\xC3\xBCrgen@b.example> SIZE=1 SMTPUTF8").reverse_path->local_part, "j\xC3\xBCrgen");
  EXPECT_EQ(refused("FROM:<j\xC3rgen@b.example> SMTPUTF8"), replies::bad_sender);
}

TEST(MailArguments, ParametersAreSetApartBySpaces) {
  EXPECT_EQ(refused("FROM:<a@b.example>SIZE=1"), replies::bad_mail_syntax);
  EXPECT_EQ(refused("FROM:<a@b.example> SIZE=1,BODY=7BIT"), replies::bad_parameter);
  EXPECT_EQ(refused("FROM:<a@b.example> SIZE = 1"), replies::bad_parameter);
}

TEST(MailArguments, AnyOtherParameterIsNotOffered) {
  for (const auto* parameter : {"AUTH=<>", "RET=FULL", "ENVID=x", "BY=120;R", "X-Y", "BODY=BINARYMIME", "8=8"}) {
    EXPECT_EQ(refused("FROM:<> " + std::string(parameter)), replies::parameter_not_offered) << parameter;
  }
}

TEST(MailArguments, ParametersThatAreNone) {
  for (const auto* parameter : {"=", "=x", "-A=1", "A=", "A=b=c", "A_B", "\xC3\xBC=1", "A=\xC3", "<x>"}) {
    EXPECT_EQ(refused("FROM:<> " + std::string(parameter)), replies::bad_parameter) << parameter;
  }
}

TEST(RcptArguments, OfOrdinaryAndUnusualPaths) {
  EXPECT_EQ(recipient("TO:<alice@example.org>"), "alice@example.org");
  EXPECT_EQ(recipient("to:  <Alice+tag@Example.ORG>"), "Alice+tag@Example.ORG");
  EXPECT_EQ(recipient("TO:<alice>"), "alice");
  EXPECT_EQ(recipient(R"(TO:<"a>\"\\ b"@example.org>)"), R"("a>\"\\ b"@example.org)");
  EXPECT_EQ(recipient("TO:<alice@[IPv6:2001:db8::1]>"), "alice@[IPv6:2001:db8::1]");
}

TEST(RcptArguments, SourceRoutesAreIgnored) {
  EXPECT_EQ(recipient("TO:<@a.example:alice@example.org>"), "alice@example.org");
  EXPECT_EQ(recipient("TO:<@a.example,@b.example:alice@example.org>"), "alice@example.org");
  for (const auto* path : {"@", "@:", "@a", "@a:", "@a,:x@y", "@a,@:x@y", "@:x@y", "@a b:x@y", "@a:@b:x@y"}) {
    EXPECT_EQ(recipient("TO:<" + std::string(path) + ">"), no_path) << path;
  }
}

TEST(RcptArguments, WhatIsNoPath) {
  for (const auto* path :
       {"", "a@", "@b", "a b@c", "a@b c", "<a@b>", "a@b@c", "\"a@b", "\"\"", "\"\"@b", "a..b@c", "a@-b"}) {
    const std::string said = recipient("TO:<" + std::string(path) + ">");
    EXPECT_TRUE(said == no_path || said == no_syntax) << path << ": " << said;
  }
}

TEST(RcptArguments, WhatIsNoRcpt) {
  for (const auto* argument :
       {"", "TO:", "TO:<", "TO:a@b", "TO <a@b>", "FROM:<a@b>", "TO:<a@b>>", "TO:<\"a>", "TO:<\"a\\"}) {
    EXPECT_EQ(recipient(argument), no_syntax) << argument;
  }
}

TEST(RcptArguments, PathsHaveALimit) {
  // Of a path with its angle brackets and "@b.example".
  const std::size_t fits = limits::path_octets_max - 2 - std::string_view("@b.example").size();
  EXPECT_EQ(recipient("TO:<" + std::string(fits, 'a') + "@b.example>").size(), limits::path_octets_max - 2);
  EXPECT_EQ(recipient("TO:<" + std::string(fits + 1, 'a') + "@b.example>"), no_path);
}

TEST(RcptArguments, NoParameterIsOffered) {
  EXPECT_EQ(recipient("TO:<a@b.example> NOTIFY=NEVER"), "[parameter not offered]");
  EXPECT_EQ(recipient("TO:<a@b.example> ="), "[parameter malformed]");
}

TEST(RcptArguments, Utf8AsMailSaid) {
  EXPECT_EQ(recipient("TO:<\xC3\xBC@b.example>", true), "\xC3\xBC@b.example");
  EXPECT_EQ(recipient("TO:<\xC3\xBC@b.example>", false), "[address is not ASCII and SMTPUTF8 was not asked for]");
}

/// "octets last well_formed", or nothing.
std::string chunk(std::string_view argument) {
  const auto bdat = parse_bdat_arguments(argument);
  if (!bdat) return {};
  return std::to_string(bdat->octets) + (bdat->last ? " last" : "") + (bdat->well_formed ? "" : " malformed");
}

TEST(BdatArguments, AreOctetsAndPerhapsLast) {
  EXPECT_EQ(chunk("1000"), "1000");
  EXPECT_EQ(chunk("0 last"), "0 last");
  EXPECT_EQ(chunk("18446744073709551615 LAST"), "18446744073709551615 last");
}

TEST(BdatArguments, WithoutANumberNobodyKnowsWhereTheChunkEnds) {
  for (const auto* argument : {"", "LAST", "-1", "+1", "1,000", "0x10", " 1", "18446744073709551616", "1\tLAST"}) {
    EXPECT_EQ(chunk(argument), "") << argument;
  }
}

TEST(BdatArguments, WithSomethingElseBehindTheNumberCanBeSkipped) {
  for (const auto* argument : {"1 FIRST", "1 LASTER", "1  LAST", "1 LAST LAST"}) {
    EXPECT_EQ(chunk(argument), "1 malformed") << argument;
  }
}

}  // namespace
}  // namespace fermo::smtp
