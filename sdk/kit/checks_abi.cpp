// The handshake: what the file shows, and the tables it gives.
#include <algorithm>
#include <cstring>
#include <set>

#include "kit/build.hpp"
#include "kit/checks.hpp"
#include "kit/elf.hpp"
#include "kit/text.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::uint32_t table_most = 4'096, parser_most = 1'024 * 1'024;
constexpr std::size_t manifest_most = 256 * 1'024;

const freellm_plugin& descriptor(Subject& subject) {
  std::string why;
  const freellm_plugin* const table = Plugin::load(subject.file(), why);
  if (table == nullptr) throw std::runtime_error(why);
  return *table;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// Those of `names` that begin with one of `words`.
template <std::size_t N>
std::vector<std::string> among(const std::vector<std::string>& names, const std::string_view (&words)[N]) {
  std::vector<std::string> out;
  for (const std::string& name : names)
    if (std::find(std::begin(words), std::end(words), name) != std::end(words)) out.push_back(name);
  return out;
}

void judge_imports(Subject& subject, Judge& judge) {
  constexpr std::string_view never[] = {
      "socket",
      "connect",
      "accept",
      "bind",
      "sendto",
      "recvfrom",
      "fork",
      "vfork",
      "execve",
      "execvp",
      "posix_spawn",
      "system",
      "popen",
      "dlopen",
      "dlmopen",

      "pthread_create",
      "thrd_create",
      "getaddrinfo",
      "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE"};
  constexpr std::string_view hardly[] = {"open",
                                         "open64",
                                         "openat",
                                         "fopen",
                                         "fopen64",
                                         "getenv",
                                         "secure_getenv",
                                         "setenv",
                                         "putenv",
                                         "time",
                                         "clock_gettime",
                                         "gettimeofday",
                                         "nanosleep",
                                         "usleep",
                                         "sleep",
                                         "rand",
                                         "random",
                                         "printf",
                                         "puts",
                                         "_ZNSt6chrono3_V212system_clock3nowEv",
                                         "_ZNSt6chrono3_V212steady_clock3nowEv"};
  const Library library = read_library(subject.file());
  const auto bad = among(library.imported, never);
  judge.expect(bad.empty(),
               [&] { return "it calls " + joined(bad) + "; a plugin does no I/O and starts nothing"; });
  const auto odd = among(library.imported, hardly);
  if (!odd.empty())
    judge.advise("it imports " + joined(odd) + ": a plugin reads no clock, environment or file");
}

void judge_needed(Subject& subject, Judge& judge) {
  constexpr std::string_view known[] = {"libc.so",   "libm.so",      "libstdc++.so",  "libgcc_s.so",
                                        "libc++.so", "libc++abi.so", "libpthread.so", "ld-linux",
                                        "libdl.so",  "librt.so"};
  for (const std::string& needed : read_library(subject.file()).needed) {
    const bool run_time = std::any_of(std::begin(known), std::end(known),
                                      [&](std::string_view name) { return needed.starts_with(name); }) ||
                          (sanitized && (needed.starts_with("libasan") || needed.starts_with("libtsan")));
    judge.expect(run_time,
                 [&] { return "it needs " + needed + ", which is no part of the C or C++ run-time"; });
  }
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == id.npos;
}

void judge_required(const Facts& facts, Judge& judge) {
  const freellm_provider& p = *facts.provider;
  const auto there = [&](bool is, const char* name) {
    judge.expect(is, [&] { return std::string(name) + " is NULL"; });
  };
  there(p.build_request != nullptr, "build_request");
  there(p.parser_open != nullptr, "parser_open");
  there(p.parser_feed != nullptr, "parser_feed");
  there(p.parser_finish != nullptr, "parser_finish");
  there(p.parser_close != nullptr, "parser_close");
  there(p.classify_error != nullptr, "classify_error");
}

void judge_constant_tables(Subject& subject, Judge& judge) {
  const Plugin& plugin = subject.plugin();
  std::vector<std::string> before;
  const auto bytes = [](const freellm_provider* p) {
    return std::string(reinterpret_cast<const char*>(p), std::min<std::size_t>(p->size, sizeof *p)) +
           std::string(view(p->id)) + std::string(view(p->manifest));
  };
  for (const freellm_provider* p : plugin.providers()) before.push_back(bytes(p));
  const std::string table(reinterpret_cast<const char*>(&plugin.table()), sizeof(freellm_plugin));
  for (std::size_t round = 0; round < 100; ++round)
    for (std::size_t i = 0; i < plugin.providers().size(); ++i) {
      const freellm_provider* const again = plugin.table().provider(static_cast<std::uint32_t>(i));
      if (!judge.expect(again == plugin.providers()[i], "provider(i) gives another pointer the second time"))
        return;
      if (!judge.expect(bytes(again) == before[i], "a provider's table changes")) return;
    }
  judge.expect(std::memcmp(table.data(), &plugin.table(), sizeof(freellm_plugin)) == 0,
               "the plugin's table changes");
}

void judge_extensions(const Facts& facts, Judge& judge) {
  const freellm_provider& p = *facts.provider;
  if (p.get_extension == nullptr) return;
  const std::string ids[] = {"freellm.nothing-like-this/1",
                             "",
                             "freellm.local/999",
                             "freellm.local",
                             std::string(4'096, 'x'),
                             std::string("freellm.local/1\0x", 17),
                             "\xff\xfe"};
  for (const std::string& id : ids)
    judge.expect(p.get_extension(&p, text(id)) == nullptr,
                 [&] { return "it answers for the unknown extension \"" + printable(id, 40) + "\""; });
}

}  // namespace

void add_abi_checks(std::vector<Check>& checks) {
  Group group(checks, "abi");
  group.add("symbol", "the file loads and shows freellm_plugin_v1",
            [](Subject& s, Judge&) { descriptor(s); });
  group.add("one-name", "it shows no other name", [](Subject& s, Judge& j) {
    auto names = read_library(s.file()).exported;
    names.erase(std::remove(names.begin(), names.end(), "freellm_plugin_v1"), names.end());
    if (names.size() > 5) names.resize(5);
    j.expect(names.empty(),
             [&] { return "it also exports " + joined(names) + "; link with a version script"; });
  });
  group.add("run-time", "it needs nothing shared but the C and C++ run-time", judge_needed);
  group.add("imports", "it calls nothing that does I/O or starts something", judge_imports);
  group.add("plugin-size", "freellm_plugin.size says what version 1.0 has, and no nonsense",
            [](Subject& s, Judge& j) {
              const std::uint32_t size = descriptor(s).size;
              j.expect(size >= sizeof(freellm_plugin) && size <= table_most,
                       [&] { return "size is " + std::to_string(size); });
            });
  group.add("major", "the ABI's major version is 1", [](Subject& s, Judge& j) {
    const auto major = descriptor(s).abi_major;
    j.expect(major == FREELLM_ABI_MAJOR, [&] {
      return "abi_major is " + std::to_string(major) + ", the host's is " + std::to_string(FREELLM_ABI_MAJOR);
    });
  });
  group.add("minor", "the host is new enough for it, and it claims no less than it was built on",
            [](Subject& s, Judge& j) {
              const freellm_plugin& p = descriptor(s);
              j.expect(p.min_host_minor <= FREELLM_ABI_MINOR,
                       [&] { return "min_host_minor is " + std::to_string(p.min_host_minor); });
              j.expect(p.min_host_minor <= p.abi_minor, "min_host_minor is above its own abi_minor");
            });
  group.add("version", "its version is a short readable text", [](Subject& s, Judge& j) {
    const std::string_view version = view(descriptor(s).version);
    const bool dotted = !version.empty() && version[0] >= '0' && version[0] <= '9';
    j.expect(!version.empty() && version.size() <= 64 && printable(version, 64) == version,
             [&] { return "version is \"" + printable(version, 64) + "\""; });
    if (!dotted || version.find('.') == version.npos) j.advise("a version such as 1.2.3 tells people more");
  });
  group.add("functions", "provider_count and provider are there", [](Subject& s, Judge& j) {
    const freellm_plugin& p = descriptor(s);
    j.expect(p.provider_count != nullptr, "provider_count is NULL");
    j.expect(p.provider != nullptr, "provider is NULL");
  });
  group.add("init", "it starts", [](Subject& s, Judge& j) {
    const LoggingHost& host = s.plugin().host();
    j.expect(host.intact(), "it wrote into the host's table");
  });
  group.add("count", "provider_count is 1 to 64", [](Subject& s, Judge& j) {
    const std::uint32_t count = s.plugin().table().provider_count();
    j.expect(count >= 1 && count <= 64, [&] { return "it is " + std::to_string(count); });
    j.expect(s.plugin().providers().size() == count, "provider(i) is NULL for some i below it");
  });
  group.add("count-constant", "provider_count never changes", [](Subject& s, Judge& j) {
    const freellm_plugin& p = s.plugin().table();
    const std::uint32_t first = p.provider_count();
    for (int i = 0; i < 100 && !j.failed(); ++i) j.expect(p.provider_count() == first, "it changed");
  });
  group.add("static", "providers have static storage: the same pointers and bytes every time",
            judge_constant_tables);
  group.each("id", "ids are 1 to 64 characters a-z, 0-9 and '-'", [](const Facts& f, Judge& j) {
    j.expect(is_id(f.id), [&] { return "the id is \"" + printable(f.id, 80) + "\""; });
  });
  group.add("ids-differ", "no two providers have one id", [](Subject& s, Judge& j) {
    std::set<std::string> ids;
    for (const Facts& f : s.facts())
      j.expect(ids.insert(f.id).second, [&] { return f.id + " stands twice"; });
  });
  group.each("provider-size", "freellm_provider.size says what version 1.0 has",
             [](const Facts& f, Judge& j) {
               const std::uint32_t size = f.provider->size;
               j.expect(size >= sizeof(freellm_provider) && size <= table_most,
                        [&] { return "size is " + std::to_string(size); });
             });
  group.each("required", "every function that is not optional is there", judge_required);
  group.each("parser-size", "a parser has 1 byte to 1 MiB", [](const Facts& f, Judge& j) {
    const std::uint32_t size = f.provider->parser_size;
    j.expect(size >= 1 && size <= parser_most, [&] { return "parser_size is " + std::to_string(size); });
    if (size > 64 * 1'024)
      j.advise("a parser of " + std::to_string(size) + " bytes: keep big buffers on the heap");
  });
  group.each("parser-align", "its alignment is a power of two up to 64", [](const Facts& f, Judge& j) {
    const std::uint32_t align = f.provider->parser_align;
    j.expect(align >= 1 && align <= 64 && (align & (align - 1)) == 0,
             [&] { return "parser_align is " + std::to_string(align); });
  });
  group.each("manifest", "the manifest is there, UTF-8 without NUL, at most 256 KiB",
             [](const Facts& f, Judge& j) {
               const std::string_view manifest = view(f.provider->manifest);
               j.expect(!manifest.empty() && manifest.size() <= manifest_most,
                        [&] { return "it has " + std::to_string(manifest.size()) + " bytes"; });
               j.expect(is_utf8(manifest) && manifest.find('\0') == manifest.npos, "it is no text");
             });
  group.each("unknown-extension", "an extension it does not have is NULL", judge_extensions);
}

}  // namespace freellmapi::kit
