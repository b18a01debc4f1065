#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "transcript.h"

namespace fermo::transcripts {
namespace {

std::vector<Dialogue> all_dialogues() {
  return read_dialogues(FERMO_TRANSCRIPTS, suite.session);
}

std::vector<Dialogue> dialogues_to_cut() {
  auto dialogues = all_dialogues();
  std::erase_if(dialogues, [](const Dialogue& dialogue) { return has(dialogue, "not cut"); });
  return dialogues;
}

std::string name_of(const testing::TestParamInfo<Dialogue>& dialogue) {
  std::string name = dialogue.param.file + "_" + dialogue.param.title;
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class WholeDialogue : public testing::TestWithParam<Dialogue> {};
class CutDialogue : public testing::TestWithParam<Dialogue> {};

TEST_P(WholeDialogue, GoesAsWritten) {
  suite.play(GetParam(), whole());
}

TEST_P(CutDialogue, GoesAsWrittenOctetByOctet) {
  suite.play(GetParam(), octet_by_octet());
}

TEST_P(CutDialogue, GoesAsWrittenInRandomPieces) {
  for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    suite.play(GetParam(), at_random(seed));
  }
}

INSTANTIATE_TEST_SUITE_P(All, WholeDialogue, testing::ValuesIn(all_dialogues()), name_of);
INSTANTIATE_TEST_SUITE_P(All, CutDialogue, testing::ValuesIn(dialogues_to_cut()), name_of);

TEST(Dialogues, AreAllThere) {
  EXPECT_GE(all_dialogues().size(), suite.dialogues_min);
}

}  // namespace
}  // namespace fermo::transcripts
