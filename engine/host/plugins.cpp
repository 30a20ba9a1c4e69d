#include "host/plugins.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "host/mapping.hpp"
#include "host/tables.hpp"
#include "host/trust.hpp"
#include "host/voice.hpp"

namespace freellmapi::host {

namespace {

using base::Errc;
using base::Error;
using Providers = std::vector<std::shared_ptr<const Provider>>;

constexpr std::size_t files_max = 256;
constexpr std::size_t entries_max = 65'536;  // of one folder, whatever their names
constexpr std::size_t mapped_max = 512;

// What says that a file is the one we know.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  // of its mtime

  explicit Identity(const struct stat& s)
      : device(s.st_dev),
        inode(s.st_ino),
        size(s.st_size),
        seconds(s.st_mtim.tv_sec),
        nanoseconds(s.st_mtim.tv_nsec) {}
  bool operator==(const Identity&) const = default;
};

// The plugin files of a judged folder, sorted.
base::Result<std::vector<std::string>> plugin_names(Opened folder) {
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> entries{::fdopendir(folder.descriptor.get()), close};
  if (!entries) return Error{Errc::io, "the folder cannot be read"};
  folder.descriptor.release();  // closedir closes it
  std::vector<std::string> names;
  for (std::size_t seen = 0; seen < entries_max; ++seen) {
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name.ends_with(".so") && !name.starts_with('.')) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

struct PluginLoader::State {
  // A file whose code has been mapped, with its providers or with the reason why they are not used.
  struct Known {
    Identity identity;
    base::Result<Providers> outcome;
  };

  explicit State(const base::Log& l) : log(l) {}
  void scan_folder(PluginLoader& loader, const std::filesystem::path& folder, std::size_t& files_left,
                   PluginSet& set);
  void take(const std::string& file, const Providers& providers, const std::set<std::string>& earlier,
            PluginSet& set) const;

  const base::Log& log;
  std::vector<Known> known;  // at most mapped_max
};

PluginLoader::PluginLoader(const base::Log& log) : state_(std::make_unique<State>(log)) {}
PluginLoader::~PluginLoader() = default;

base::Result<Providers> PluginLoader::load(const std::filesystem::path& path) {
  const std::string name = base::printable(path.filename().string());
  const auto with_place = [&name](Error error) {
    error.where = name;
    return error;
  };
  const base::Result<Opened> file = open_trusted_file(path);
  if (!file) return with_place(file.error());
  const Identity identity{file->status};
  for (const State::Known& known : state_->known) {
    if (known.identity == identity) return known.outcome;
  }
  const base::Result<std::string> bytes = read_library(*file);
  if (!bytes) return with_place(bytes.error());
  if (auto error = refuse_library(*bytes)) return with_place(*error);
  if (state_->known.size() >= mapped_max) {
    return with_place(
        {Errc::limit,
         fmt::format("{} plugins are mapped already and none is ever unmapped; restart the engine",
                     mapped_max)});
  }
  const base::Result<const freellm_plugin*> mapped = map_library(*bytes, name);
  if (!mapped) return with_place(mapped.error());
  base::Result<Providers> outcome = introduce(**mapped, name);
  if (!outcome) outcome = with_place(outcome.error());
  state_->known.push_back({identity, outcome});
  return outcome;
}

// The first calls into the plugin's code.
base::Result<Providers> PluginLoader::introduce(const freellm_plugin& described, const std::string& name) {
  const base::Result<freellm_plugin> table = adopt_plugin(&described);
  if (!table) return table.error();
  const auto voice = std::make_shared<const Voice>(state_->log, name);
  const auto plugin = std::make_shared<Plugin>();
  plugin->host_ = voice;
  plugin->file_ = name;
  plugin->version_ = base::printable(view(table->version));
  plugin->abi_major_ = table->abi_major;
  plugin->abi_minor_ = table->abi_minor;
  if (table->init != nullptr) {
    const freellm_status status = table->init(voice->host());
    if (status < 0) {
      return Error{Errc::unavailable,
                   fmt::format("its init failed with status {}; the log may say why", status)};
    }
  }
  const std::uint32_t count = table->provider_count();
  if (count == 0 || count > providers_max) {
    return Error{Errc::protocol,
                 fmt::format("it announces {} providers, it must have 1 to {}", count, providers_max)};
  }
  Providers providers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const freellm_provider* raw = table->provider(i);
    if (auto error = refuse_provider(raw, i)) return *error;
    auto provider = std::make_shared<const Provider>(plugin, *raw);
    for (const auto& before : providers) {
      if (before->id() == provider->id()) {
        return Error{Errc::protocol, fmt::format("it gives the provider \"{}\" twice", provider->id())};
      }
    }
    providers.push_back(std::move(provider));
  }
  return providers;
}

void PluginLoader::State::take(const std::string& file, const Providers& providers,
                               const std::set<std::string>& earlier, PluginSet& set) const {
  for (const auto& provider : providers) {
    const auto [place, taken] = set.providers.try_emplace(provider->id(), provider);
    if (taken || place->second == provider) continue;
    const std::string& holder = place->second->plugin().file();
    if (earlier.contains(provider->id())) {
      log.info("plugin_passed_over", {{"plugin", file}, {"provider", provider->id()}, {"used", holder}});
    } else {
      set.refused.push_back(
          {file,
           fmt::format("the provider \"{}\" is given by {} in the same folder already; remove one of them",
                       provider->id(), holder)});
    }
  }
}

void PluginLoader::State::scan_folder(PluginLoader& loader, const std::filesystem::path& folder,
                                      std::size_t& files_left, PluginSet& set) {
  base::Result<Opened> opened = open_trusted_folder(folder);
  if (!opened) {
    if (opened.error().code != Errc::not_found) {
      set.refused.push_back({base::printable(folder.string()), opened.error().message});
    }
    return;
  }
  const base::Result<std::vector<std::string>> names = plugin_names(std::move(*opened));
  if (!names) {
    set.refused.push_back({base::printable(folder.string()), names.error().message});
    return;
  }
  std::set<std::string> earlier;
  for (const auto& [id, provider] : set.providers) earlier.insert(id);
  for (const std::string& name : *names) {
    if (files_left == 0) {
      set.refused.push_back(
          {base::printable(name),
           fmt::format("more than {} plugin files; this one and those behind it are not looked at",
                       files_max)});
      return;
    }
    --files_left;
    const base::Result<Providers> loaded = loader.load(folder / name);
    if (loaded) {
      take(base::printable(name), *loaded, earlier, set);
    } else {
      set.refused.push_back({base::printable(name), loaded.error().message});
    }
  }
}

PluginSet PluginLoader::scan(const std::vector<std::filesystem::path>& folders) {
  PluginSet set;
  std::size_t files_left = files_max;
  for (const std::filesystem::path& folder : folders) state_->scan_folder(*this, folder, files_left, set);
  return set;
}

}  // namespace freellmapi::host
