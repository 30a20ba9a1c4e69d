#include "kit/seeds.hpp"

#include "kit/answers.hpp"
#include "kit/streams.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::size_t size_most = 16 * 1'024, count_most = 96;

}  // namespace

std::vector<Answer> good_answers(Subject& subject) {
  std::vector<Answer> all;
  for (const CannedStream& canned : canned_streams())
    if (canned.answer.body.size() <= size_most) all.push_back(canned.answer);
  for (const Fixture& fixture : subject.fixtures())
    if (fixture.events && fixture.answer && fixture.answer->body.size() <= size_most &&
        all.size() < count_most)
      all.push_back(*fixture.answer);
  return all;
}

std::vector<Answer> bad_answers(Subject& subject) {
  std::vector<Answer> all;
  for (const NamedBody& body : error_bodies())
    if (body.body.size() <= size_most) all.push_back({429, {{"content-type", body.type}}, body.body});
  for (const Fixture& fixture : subject.fixtures())
    if (fixture.outcome && fixture.answer && fixture.answer->body.size() <= size_most &&
        all.size() < count_most)
      all.push_back(*fixture.answer);
  return all;
}

}  // namespace freellmapi::kit
