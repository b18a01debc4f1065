#include "fetcher/maildrop_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "fetcher/delivery_name.h"
#include "fetcher/temporary_folder.h"
#include "maildrop/error.h"
#include "maildrop/memory_maildrop.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;
using fetch::Presence;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const DropId drop = DropId::from("ann").value();

/// A store that fails in its n-th delivery.
class FailingStore final : public maildrop::Store {
 public:
  explicit FailingStore(const Clock& clock) : store_(clock) {}
  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override {
    if (failure && --deliveries_left == 0) return *failure;
    return store_.begin_delivery();
  }
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& of) override { return store_.open(of); }
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after,
                                                        std::size_t count) override {
    return store_.list_drops(after, count);
  }
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& of, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override {
    return store_.list_imported(of, after, count);
  }
  Result<mail::DropListing> recount(const DropId& of) override { return store_.recount(of); }
  Result<maildrop::SweepReport> sweep() override { return store_.sweep(); }

  std::optional<maildrop::Error> failure;
  int deliveries_left = 0;

 private:
  maildrop::MemoryMaildrop store_;
};

class MaildropTargetTest : public testing::Test {
 protected:
  std::unique_ptr<MaildropTarget> open(Octets octets_max = Octets{limits::message_octets_max}) {
    auto reach = [this](std::string& why) -> Result<std::shared_ptr<maildrop::Store>> {
      ++reached_;
      if (!down_) return std::shared_ptr<maildrop::Store>(&store_, [](maildrop::Store*) {});
      why = "the server is away";
      return Error::unreachable;
    };
    return MaildropTarget::open(drop, reach, {octets_max, folder_.path()}, clock_).value();
  }
  static Result<void> give(fetch::Target& target, const std::string& name, std::string_view content) {
    if (auto begun = target.begin({name, Octets{content.size()}}); !begun) return begun;
    for (std::size_t at = 0; at < content.size(); at += 7) {
      if (auto appended = target.append(content.substr(at, 7)); !appended) return appended;
    }
    return target.end();
  }
  static void deliver(fetch::Target& target, const std::string& name, std::string_view content) {
    ASSERT_FALSE(give(target, name, content).has_error());
    ASSERT_FALSE(target.commit().has_error());
  }
  std::vector<std::string> messages() {
    const auto snapshot = store_.open(drop).value();
    std::vector<std::string> all;
    for (std::size_t i = 0; i < snapshot->drop_listing().messages; ++i) {
      const auto cursor = snapshot->read(MessageNumber::at_index(i)).value();
      all.emplace_back();
      for (std::string piece; cursor->next(piece).value();) all.back() += piece;
    }
    return all;
  }
  void delete_all() {
    const auto snapshot = store_.open(drop).value();
    std::vector<MessageNumber> all;
    for (std::size_t i = 0; i < snapshot->drop_listing().messages; ++i) all.push_back(MessageNumber::at_index(i));
    ASSERT_FALSE(snapshot->commit_deletions(all).has_error());
  }

  ManualClock clock_;
  TemporaryFolder folder_;
  FailingStore store_{clock_};
  bool down_ = false;
  int reached_ = 0;
};

TEST_F(MaildropTargetTest, DeliversInWireFormUnderAUniqueIdOfTheName) {
  deliver(*open(), "fermo.1", "Subject: x\r\n\r\n.dot\r\nbare\nlf\xff\r\nno end");
  EXPECT_THAT(messages(), ElementsAre("Subject: x\r\n\r\n..dot\r\nbare\r\nlf\xff\r\nno end\r\n"));
  const auto listings = store_.open(drop).value()->scan_listings(MessageNumber::at_index(0), 1).value();
  EXPECT_THAT(listings.at(0).unique_id.text(), StartsWith("fermo.1."));
  EXPECT_EQ(listings.at(0).octets.value, messages().at(0).size() - 1);
}

TEST_F(MaildropTargetTest, TakesNamesAsTheyAreMade) {
  deliver(*open(), delivery_name("anna", "a", Octets{3}), "x\r\n");
  EXPECT_THAT(messages(), ElementsAre("x\r\n"));
}

TEST_F(MaildropTargetTest, ShowsNothingAndReachesNothingBeforeTheCommit) {
  const auto target = open();
  ASSERT_FALSE(give(*target, "fermo.1", "x\r\n").has_error());
  EXPECT_THAT(messages(), IsEmpty());
  EXPECT_EQ(reached_, 0);
}

TEST_F(MaildropTargetTest, LeavesNothingOfWhatWasCutOffOrNotCommitted) {
  {
    const auto target = open();
    ASSERT_FALSE(give(*target, "fermo.0", "first\r\n").has_error());
    ASSERT_FALSE(target->begin({"fermo.1", Octets{1}}).has_error());
    ASSERT_FALSE(target->append("half of").has_error());
    target->abandon();
    ASSERT_FALSE(target->commit().has_error());
    ASSERT_FALSE(give(*target, "fermo.2", "x\r\n").has_error());
    ASSERT_FALSE(target->begin({"fermo.3", Octets{1}}).has_error());
  }
  EXPECT_THAT(messages(), ElementsAre("first\r\n"));
}

TEST_F(MaildropTargetTest, HasAMessageOnceHoweverOftenItIsGiven) {
  for (int run = 0; run < 3; ++run) {
    const auto target = open();
    deliver(*target, "fermo.1", "x\r\n");
    deliver(*target, "fermo.1", "x\r\n");
  }
  EXPECT_THAT(messages(), ElementsAre("x\r\n"));
}

TEST_F(MaildropTargetTest, DoesNotBringBackWhatItsOwnerHasDeleted) {
  deliver(*open(), "fermo.1", "x\r\n");
  delete_all();
  const auto target = open();
  EXPECT_EQ(*target->find("fermo.1"), Presence::present);
  deliver(*target, "fermo.1", "x\r\n");
  EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(MaildropTargetTest, LosesNoMessageThatTheServerGaveTheNameOfAnother) {
  for (int run = 0; run < 2; ++run) {
    const auto target = open();
    for (const char* content : {"one\r\n", "two\r\n", "three\r\n"}) deliver(*target, "fermo.1", content);
  }
  EXPECT_THAT(messages(), ElementsAre("one\r\n", "two\r\n", "three\r\n"));
}

TEST_F(MaildropTargetTest, FindsWhatWasDeliveredAmongMany) {
  {
    const auto target = open();
    for (std::size_t i = 0; i < limits::scan_listings_at_once_max + 5; ++i) {
      ASSERT_FALSE(give(*target, "fermo." + std::to_string(i), "x\r\n").has_error());
    }
    ASSERT_FALSE(target->commit().has_error());
  }
  for (const char* foreign : {"a", "fermo", "x"}) {
    const auto delivery = store_.begin_delivery().value();
    const std::vector<maildrop::Recipient> recipients{{drop, {}, mail::UniqueId::from(foreign)}};
    ASSERT_TRUE(delivery->finish({}, recipients, clock_.now()));
  }
  const auto target = open();
  for (std::size_t i = 0; i < limits::scan_listings_at_once_max + 5; ++i) {
    EXPECT_EQ(*target->find("fermo." + std::to_string(i)), Presence::present);
  }
  EXPECT_EQ(*target->find("fermo.x"), Presence::absent);
  EXPECT_EQ(*target->find("x"), Presence::absent);
}

TEST_F(MaildropTargetTest, RefusesWhatIsLongerThanTheMaildropTakes) {
  const auto target = open(Octets{20});
  EXPECT_EQ(give(*target, "fermo.1", std::string(100, 'x') + "\r\n").error(), Error::refused);
  EXPECT_THAT(target->explanation(), HasSubstr("(20 octets)"));
  deliver(*target, "fermo.2", "short\r\n");
  EXPECT_THAT(messages(), ElementsAre("short\r\n"));
}

TEST_F(MaildropTargetTest, SaysWhyTheStoreCannotBeReached) {
  down_ = true;
  const auto target = open();
  EXPECT_EQ(target->find("fermo.1").error(), Error::unreachable);
  ASSERT_FALSE(give(*target, "fermo.1", "x\r\n").has_error());
  EXPECT_EQ(target->commit().error(), Error::unreachable);
  EXPECT_EQ(target->explanation(), "the server is away");
  down_ = false;
  ASSERT_FALSE(target->commit().has_error());
  EXPECT_THAT(messages(), ElementsAre("x\r\n"));
}

TEST_F(MaildropTargetTest, DeliversTheRestWhenTheStoreWorksAgain) {
  for (const auto& [failure, error] : {std::pair{maildrop::Error::out_of_space, Error::out_of_space},
                                       std::pair{maildrop::Error::unavailable, Error::unavailable},
                                       std::pair{maildrop::Error::unknown, Error::unavailable}}) {
    delete_all();
    const std::string content = std::to_string(static_cast<int>(failure)) + "\r\n";
    const auto target = open();
    for (const char* name : {"fermo.1", "fermo.2", "fermo.3"}) {
      ASSERT_FALSE(give(*target, name, content).has_error());
    }
    store_.failure = failure;
    store_.deliveries_left = 2;
    EXPECT_EQ(target->commit().error(), error);
    store_.failure.reset();
    const auto next_run = open();
    for (const char* name : {"fermo.1", "fermo.2", "fermo.3"}) deliver(*next_run, name, content);
    EXPECT_THAT(messages(), ElementsAre(content, content, content));
  }
}

TEST_F(MaildropTargetTest, ItsMarkTellsPlaceAndMaildrop) {
  const std::string mark = *open()->mark();
  EXPECT_THAT(mark, testing::EndsWith(" ann"));
  EXPECT_EQ(*open()->mark(), mark);
  EXPECT_TRUE(MaildropTarget::open(drop, {}, {{}, folder_.path() / "none"}, clock_).value()->mark().has_error());
}

}  // namespace
}  // namespace fermo::fetcher
