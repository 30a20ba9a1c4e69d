#include "host/mapping.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <system_error>

#include "base/text.hpp"
#include "host/elf.hpp"
#include "host/tables.hpp"

namespace freellmapi::host {

namespace {

using base::Errc;
using base::Error;

constexpr off_t library_max = 64 * 1024 * 1024;
constexpr const char* symbol_name = "freellm_plugin_v1";

Error from_errno(const char* action) {
  return {Errc::io, fmt::format("cannot {}: {}", action, std::generic_category().message(errno))};
}

bool same_content(const struct stat& a, const struct stat& b) noexcept {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

base::Result<Descriptor> sealed_copy(std::string_view bytes, const std::string& name) {
  Descriptor copy{::memfd_create(name.substr(0, 200).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!copy.valid()) return from_errno("make a copy in memory");
  while (!bytes.empty()) {
    const ssize_t written = ::write(copy.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return from_errno("write the copy in memory");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return from_errno("seal the copy in memory");
  }
  return copy;
}

// dlerror's text, without the path of our own making.
Error loader_error(std::string_view text, const std::string& path, const std::string& name) {
  std::string said{text};
  for (std::size_t at = said.find(path); at != std::string::npos; at = said.find(path, at + name.size())) {
    said.replace(at, path.size(), name);
  }
  return {Errc::protocol, "the system's loader refuses it: " + base::printable(said, 400)};
}

}  // namespace

base::Result<std::string> read_library(const Opened& file) {
  if (file.status.st_size > library_max) {
    return Error{Errc::limit, fmt::format("the file has {} bytes, a plugin may have {}; strip it",
                                          file.status.st_size, library_max)};
  }
  std::string bytes(static_cast<std::size_t>(file.status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(file.descriptor.get(), bytes.data() + filled, bytes.size() - filled,
                                static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return from_errno("read the file");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  struct stat now {};
  if (::fstat(file.descriptor.get(), &now) != 0) return from_errno("examine the file");
  if (filled != bytes.size() || !same_content(file.status, now)) {
    return Error{Errc::unavailable, "the file was changed while it was read; reload when it is complete"};
  }
  return bytes;
}

std::optional<Error> refuse_library(std::string_view bytes) {
  const base::Result<ElfView> library = ElfView::open(bytes);
  if (!library) return library.error();
  const auto descriptor = library->find_object(symbol_name);
  if (descriptor) return refuse_versions(descriptor->content, descriptor->size);
  for (unsigned major = 2; major <= 9; ++major) {
    if (library->find_object(fmt::format("freellm_plugin_v{}", major))) {
      return Error{
          Errc::protocol,
          fmt::format("made for ABI major {}, this engine speaks major {}; build it with this engine's SDK",
                      major, FREELLM_ABI_MAJOR)};
    }
  }
  return Error{Errc::protocol,
               fmt::format("not a provider plugin: it exports no object {}; build it with this engine's SDK",
                           symbol_name)};
}

base::Result<const freellm_plugin*> map_library(std::string_view bytes, const std::string& name) {
  base::Result<Descriptor> copy = sealed_copy(bytes, name);
  if (!copy) return copy.error();
  const std::string path = fmt::format("/proc/self/fd/{}", copy->get());
  // RTLD_NODELETE is not in Boost.DLL's enumeration, but it hands the bits on.
  const auto mode = static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  try {
    boost::dll::shared_library library;
    library.load(path, mode);
    // From here on the loader knows a library by the name `path` and would answer a later request for that
    // name with it. So the number must never be given to another file: the descriptor stays open.
    copy->release();
    return &library.get<const freellm_plugin>(symbol_name);
  } catch (const std::exception& failure) {
    return loader_error(failure.what(), path, name);
  }
}

}  // namespace freellmapi::host
