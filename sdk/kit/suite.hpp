// Checks, what they found, and the runner that keeps a bad plugin from taking the program with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kit/subject.hpp"

namespace freellmapi::kit {

enum class Verdict { passed, failed, skipped };
std::string_view word(Verdict verdict) noexcept;

struct Result {
  std::string id;  ///< "group.name"
  std::string group, title;
  Verdict verdict = Verdict::passed;
  std::vector<std::string> seen;    ///< what was wrong, or why it was skipped; at most 5 sentences
  std::vector<std::string> advice;  ///< what could be better and does not fail; at most 5
  std::string again;                ///< a command line that shows it again; "" when it passed
};

/// Thrown by Judge::skip; ends a check.
struct Skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Collects what one check finds. One thread.
class Judge {
 public:
  void fail(std::string what);
  /// `what` is only made when the condition does not hold.
  template <class What>
  bool expect(bool good, What&& what) {
    if (good) return true;
    if constexpr (std::is_invocable_v<What>)
      fail(what());
    else
      fail(std::string(std::forward<What>(what)));
    return false;
  }
  void advise(std::string what);
  [[noreturn]] void skip(const std::string& why) { throw Skipped(why); }
  /// Stands before each sentence from here on; "" for nothing.
  void about(std::string subject) { about_ = std::move(subject); }
  bool failed() const { return failures_ > 0; }
  /// Enough sentences: a loop over many inputs may end.
  bool enough() const { return failures_ >= most; }

  static constexpr std::size_t most = 5;

 private:
  friend class Runner;
  std::string sentence(std::string what) const { return about_.empty() ? what : about_ + ": " + what; }
  std::string about_;
  std::size_t failures_ = 0;
  std::vector<std::string> seen_, advice_;
};

struct Check {
  std::string group, name, title;
  std::function<void(Subject&, Judge&)> body;
  std::string id() const { return group + "." + name; }
};

/// What one check may use. Sanitizer and debug builds get more.
struct Limits {
  std::chrono::seconds processor{8}, wall{60};
  std::size_t memory_bytes = std::size_t{1}
                             << 30;  ///< on top of what is mapped at the start; not under sanitizers
};

struct Options {
  std::string file;
  std::string fixtures;     ///< folder; "": none
  std::string command;      ///< what people type to run this, for Result::again
  std::string group, only;  ///< "": all
  Limits limits;
};

/// Runs checks group by group, each group in a forked child. A child that dies fails the check it was in,
/// with the signal and what it wrote to its standard error, and the rest of the group goes on in a new child;
/// after three deaths the rest of the group is skipped. The caller has one thread.
class Runner {
 public:
  explicit Runner(Options options) : options_(std::move(options)) {}
  /// In the order given. Ids that nobody has give an empty list.
  std::vector<Result> run(const std::vector<Check>& checks) const;

 private:
  using Chosen = std::vector<const Check*>;
  void run_group(const Chosen& checks, std::vector<Result>& results) const;
  [[noreturn]] void child(const Chosen& checks, std::size_t from, int pipe, int voice) const;
  Result judge(const Check& check, Subject& subject) const;
  Result blank(const Check& check) const;
  std::string again(const Check& check) const;

  Options options_;
};

/// Every check of the kit, in the order of its groups.
std::vector<Check> all_checks();

}  // namespace freellmapi::kit
