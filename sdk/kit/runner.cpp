#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "kit/build.hpp"
#include "kit/suite.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

namespace json = boost::json;

constexpr std::size_t deaths_most = 3;
constexpr rlim_t voice_most = 16u * 1024 * 1024;

json::array to_json(const std::vector<std::string>& sentences) {
  return json::array(sentences.begin(), sentences.end());
}
std::vector<std::string> from_json(const json::value& value) {
  std::vector<std::string> out;
  for (const json::value& sentence : value.as_array()) out.emplace_back(sentence.as_string());
  return out;
}

void write_line(int fd, const json::object& message) {
  const std::string line = json::serialize(message) + "\n";
  for (std::size_t at = 0; at < line.size();) {
    const ssize_t n = write(fd, line.data() + at, line.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(3);  // nobody reads any more
    at += static_cast<std::size_t>(n);
  }
}

std::string read_all(int fd) {
  std::string all;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(n));
  }
}

/// The last lines of what the child said, for whoever wants to know why it died.
std::string tail_of(int voice) {
  char buffer[1'500];
  const off_t size = lseek(voice, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(sizeof buffer));
  const ssize_t n = size <= 0 ? 0 : pread(voice, buffer, sizeof buffer, from);
  return n <= 0 ? std::string() : printable({buffer, static_cast<std::size_t>(n)}, sizeof buffer);
}

void set_limit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

std::size_t mapped_bytes() {
  std::size_t pages = 0;
  if (FILE* const file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void arm(int which, std::chrono::seconds limit) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(limit.count());
  setitimer(static_cast<__itimer_which>(which), &timer, nullptr);
}

std::string how_it_died(int status, const Limits& limits) {
  if (WIFEXITED(status))
    return "the plugin ended the process with exit code " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  if (signal == SIGPROF)
    return "it did not come back: more than " + std::to_string(limits.processor.count()) +
           " s of processor time";
  if (signal == SIGALRM)
    return "it did not come back: more than " + std::to_string(limits.wall.count()) + " s";
  if (signal == SIGXFSZ) return "it wrote more than 16 MiB to its standard output";
  const char* const name = sigabbrev_np(signal);
  return "killed by signal " + std::to_string(signal) +
         (name != nullptr ? std::string(" (SIG") + name + ")" : "");
}

}  // namespace

std::string_view word(Verdict verdict) noexcept {
  constexpr std::string_view words[] = {"passed", "failed", "skipped"};
  return words[static_cast<std::size_t>(verdict)];
}

void Judge::fail(std::string what) {
  if (++failures_ <= most) seen_.push_back(sentence(std::move(what)));
}

void Judge::advise(std::string what) {
  if (advice_.size() < most) advice_.push_back(sentence(std::move(what)));
}

std::string Runner::again(const Check& check) const { return options_.command + " --only " + check.id(); }

Result Runner::blank(const Check& check) const {
  Result result;
  result.id = check.id();
  result.group = check.group;
  result.title = check.title;
  return result;
}

Result Runner::judge(const Check& check, Subject& subject) const {
  Result result = blank(check);
  Judge judge;
  try {
    check.body(subject, judge);
  } catch (const Skipped& skipped) {
    if (!judge.failed()) {
      result.verdict = Verdict::skipped;
      result.seen = {skipped.what()};
      return result;
    }
  } catch (const std::exception& e) {
    judge.fail(e.what());
  } catch (...) {
    judge.fail("an exception that is none of the standard library's came out of the plugin");
  }
  result.seen = std::move(judge.seen_);
  result.advice = std::move(judge.advice_);
  if (!judge.failed()) return result;
  if (judge.failures_ > Judge::most)
    result.seen.push_back("and " + std::to_string(judge.failures_ - Judge::most) + " more");
  result.verdict = Verdict::failed;
  result.again = again(check);
  return result;
}

void Runner::child(const Chosen& checks, std::size_t from, int pipe, int voice) const {
  dup2(voice, STDOUT_FILENO);
  dup2(voice, STDERR_FILENO);
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_FSIZE, voice_most);
  if (!sanitized) set_limit(RLIMIT_AS, mapped_bytes() + options_.limits.memory_bytes);
  for (const int signal : {SIGPROF, SIGALRM, SIGSEGV, SIGABRT})
    if (!sanitized || signal == SIGPROF || signal == SIGALRM) std::signal(signal, SIG_DFL);
  Subject subject(options_.file, options_.fixtures, voice);
  for (std::size_t i = from; i < checks.size(); ++i) {
    write_line(pipe, {{"begin", i}});
    arm(ITIMER_PROF, options_.limits.processor);
    arm(ITIMER_REAL, options_.limits.wall);
    const Result result = judge(*checks[i], subject);
    write_line(pipe, {{"end", i},
                      {"verdict", static_cast<int>(result.verdict)},
                      {"seen", to_json(result.seen)},
                      {"advice", to_json(result.advice)},
                      {"again", result.again}});
  }
  _exit(0);  // no destructor of the parent's things runs here
}

void Runner::run_group(const Chosen& checks, std::vector<Result>& results) const {
  std::size_t next = 0;
  std::size_t deaths = 0;
  while (next < checks.size() && deaths < deaths_most) {
    int ends[2];
    const int voice = memfd_create("voice", MFD_CLOEXEC);
    if (voice < 0 || pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no more descriptors");
    std::fflush(nullptr);
    const pid_t pid = fork();
    if (pid < 0) throw std::runtime_error("no more processes");
    if (pid == 0) {
      close(ends[0]);
      child(checks, next, ends[1], voice);
    }
    close(ends[1]);
    const std::string said = read_all(ends[0]);
    close(ends[0]);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;

    std::size_t done = next;  // results so far; the one after them was running when the child died
    for (std::size_t at = 0, end; (end = said.find('\n', at)) != said.npos; at = end + 1) {
      const json::value message = json::parse(std::string_view(said).substr(at, end - at));
      if (message.as_object().contains("begin")) continue;
      Result result = blank(*checks[done++]);
      result.verdict = static_cast<Verdict>(message.at("verdict").to_number<int>());
      result.seen = from_json(message.at("seen"));
      result.advice = from_json(message.at("advice"));
      result.again = message.at("again").as_string();
      results.push_back(std::move(result));
    }
    if (done < checks.size()) {
      Result result = blank(*checks[done++]);
      result.verdict = Verdict::failed;
      result.seen = {how_it_died(status, options_.limits)};
      if (std::string tail = tail_of(voice); !tail.empty())
        result.seen.push_back("it said: " + std::move(tail));
      result.again = again(*checks[done - 1]);
      results.push_back(std::move(result));
      ++deaths;
    }
    close(voice);
    next = done;
  }
  for (; next < checks.size(); ++next) {
    Result result = blank(*checks[next]);
    result.verdict = Verdict::skipped;
    result.seen = {"not run: the plugin died three times in this group"};
    results.push_back(std::move(result));
  }
}

std::vector<Result> Runner::run(const std::vector<Check>& checks) const {
  std::vector<std::pair<std::string, Chosen>> groups;
  for (const Check& check : checks) {
    if (!options_.group.empty() && check.group != options_.group) continue;
    if (!options_.only.empty() && check.id() != options_.only) continue;
    if (groups.empty() || groups.back().first != check.group) groups.push_back({check.group, {}});
    groups.back().second.push_back(&check);
  }
  std::vector<Result> results;
  for (const auto& [name, chosen] : groups) run_group(chosen, results);
  return results;
}

}  // namespace freellmapi::kit
