#include "host/elf.hpp"

#include <gtest/gtest.h>

#include <random>

#include "fixture.hpp"

namespace freellmapi::host {
namespace {

TEST(Elf, FindsAnExportedObjectWithItsBytes) {
  for (const char* name : {"today", "sysv_hash"}) {
    const std::string bytes = sample(name);
    const auto library = ElfView::open(bytes);
    ASSERT_TRUE(library) << library.error().text();
    const auto object = library->find_object("freellm_plugin_v1");
    ASSERT_TRUE(object) << name;
    EXPECT_EQ(object->size, sizeof(freellm_plugin));
    ASSERT_EQ(object->content.size(), sizeof(freellm_plugin));
    EXPECT_EQ(object->content[0], char{sizeof(freellm_plugin)});
  }
}

TEST(Elf, FindsNeitherImportsNorFunctionsNorWhatIsNotThere) {
  for (const char* name : {"today", "sysv_hash"}) {
    const std::string bytes = sample(name);
    const auto library = ElfView::open(bytes);
    ASSERT_TRUE(library);
    for (const char* symbol :
         {"memset", "memcmp", "init", "freellm_plugin_v", "freellm_plugin_v11", "", "provider_0"}) {
      EXPECT_FALSE(library->find_object(symbol)) << symbol;
    }
  }
}

// Invariant: whatever the bytes are, nothing outside them is read and the search ends.
TEST(Elf, AnyDamageIsSurvived) {
  std::mt19937 random{20261122};
  for (const char* name : {"today", "sysv_hash"}) {
    const std::string whole = sample(name);
    for (int round = 0; round < 4000; ++round) {
      std::string bytes = whole.substr(0, round % 4 == 0 ? random() % whole.size() : whole.size());
      // Headers and tables stand at the front: that is where damage matters.
      for (int i = 0; i < 8 && !bytes.empty(); ++i) {
        bytes[random() % std::min<std::size_t>(bytes.size(), i < 4 ? 1200 : bytes.size())] =
            static_cast<char>(random());
      }
      const auto library = ElfView::open(bytes);
      if (library) (void)library->find_object("freellm_plugin_v1");
    }
  }
}

}  // namespace
}  // namespace freellmapi::host
