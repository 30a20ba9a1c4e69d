// Answers to begin with when odd ones are wanted.
#pragma once

#include <vector>

#include "kit/fixture.hpp"
#include "kit/subject.hpp"

namespace freellmapi::kit {

/// 2xx answers of the plugin's fixtures and of OpenAI's wire; none over 16 KiB, at most 96.
std::vector<Answer> good_answers(Subject& subject);
/// The same of answers that are not 2xx, and the canned error bodies.
std::vector<Answer> bad_answers(Subject& subject);

}  // namespace freellmapi::kit
