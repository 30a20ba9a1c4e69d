// The plugin under test, as every check sees it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kit/facts.hpp"
#include "kit/fixture.hpp"
#include "kit/plugin.hpp"

namespace freellmapi::kit {

/// Loads at the first use, in the process that asks. One thread.
class Subject {
 public:
  Subject(std::string file, std::string fixtures, int voice)
      : file_(std::move(file)), fixtures_(std::move(fixtures)), voice_(voice) {}

  const std::string& file() const { return file_; }
  const std::string& fixtures_folder() const { return fixtures_; }
  /// The descriptor that standard output and standard error go to; -1: nobody listens.
  int voice() const { return voice_; }

  /// Loaded and started. Throws std::runtime_error with one sentence.
  const Plugin& plugin();
  /// One per provider, in their order.
  const std::vector<Facts>& facts();
  /// Throws std::runtime_error when one cannot be read.
  const std::vector<Fixture>& fixtures();

 private:
  std::string file_, fixtures_;
  int voice_;
  std::unique_ptr<Plugin> plugin_;
  std::vector<Facts> facts_;
  std::unique_ptr<std::vector<Fixture>> cases_;
};

}  // namespace freellmapi::kit
