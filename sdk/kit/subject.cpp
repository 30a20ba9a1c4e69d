#include "kit/subject.hpp"

namespace freellmapi::kit {

const Plugin& Subject::plugin() {
  if (!plugin_) plugin_ = std::make_unique<Plugin>(file_);
  return *plugin_;
}

const std::vector<Facts>& Subject::facts() {
  if (facts_.empty())
    for (const freellm_provider* provider : plugin().providers()) facts_.push_back(read_facts(*provider));
  return facts_;
}

const std::vector<Fixture>& Subject::fixtures() {
  if (!cases_) {
    auto cases = std::make_unique<std::vector<Fixture>>();
    if (!fixtures_.empty())
      for (const auto& folder : folders_in(fixtures_)) cases->emplace_back(folder);
    cases_ = std::move(cases);
  }
  return *cases_;
}

}  // namespace freellmapi::kit
