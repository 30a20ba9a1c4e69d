#include "host/elf.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>

#include "base/text.hpp"

namespace freellmapi::host {

namespace {

using base::Errc;
using base::Error;

#if defined(__x86_64__)
constexpr std::uint16_t our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t our_machine = EM_AARCH64;
#else
#error "name the ELF machine of this processor here"
#endif

template <class T>
std::optional<T> read(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) noexcept {
  return offset <= whole && size <= whole - offset;
}

Error truncated(const char* what, std::uint64_t whole) {
  return {
      Errc::protocol,
      fmt::format("the file is truncated: {} lies beyond its end at byte {}; copy it again", what, whole)};
}

std::uint32_t gnu_hash_of(std::string_view name) noexcept {
  std::uint32_t hash = 5381;
  for (const char c : name) hash = hash * 33 + static_cast<unsigned char>(c);
  return hash;
}

std::uint32_t sysv_hash_of(std::string_view name) noexcept {
  std::uint32_t hash = 0;
  for (const char c : name) {
    hash = (hash << 4) + static_cast<unsigned char>(c);
    const std::uint32_t high = hash & 0xF0000000u;
    hash = (hash ^ (high >> 24)) & ~high;
  }
  return hash;
}

}  // namespace

base::Result<ElfView> ElfView::open(std::string_view bytes) {
  ElfView view{bytes};
  if (auto error = view.judge_header()) return *error;
  if (auto error = view.read_segments()) return *error;
  return view;
}

std::optional<Error> ElfView::judge_header() const {
  if (bytes_.empty()) return Error{Errc::protocol, "the file is empty; copy or build it again"};
  if (!bytes_.starts_with(std::string_view{ELFMAG, SELFMAG})) {
    return Error{Errc::protocol,
                 fmt::format("not a shared library: the file begins with \"{}\" and not with an ELF header; "
                             "only built plugins may have a name that ends in .so",
                             base::printable(bytes_.substr(0, 64), 12))};
  }
  const auto header = read<Elf64_Ehdr>(bytes_, 0);
  if (!header) return truncated("the ELF header", bytes_.size());
  if (header->e_ident[EI_CLASS] != ELFCLASS64)
    return Error{Errc::protocol, "not a 64-bit library; build it for this machine"};
  if (header->e_ident[EI_DATA] != ELFDATA2LSB)
    return Error{Errc::protocol, "not a little-endian library; build it for this machine"};
  if (header->e_machine != our_machine) {
    return Error{Errc::protocol,
                 fmt::format("built for ELF machine {}, this is machine {}; build it for this machine",
                             header->e_machine, our_machine)};
  }
  if (header->e_type != ET_DYN) {
    return Error{Errc::protocol,
                 fmt::format("ELF type {} is not a shared library; build it with -shared", header->e_type)};
  }
  // The loader does not read sections, but they stand last: a copy that stopped early shows here.
  if (header->e_shnum != 0 &&
      !inside(header->e_shoff, std::uint64_t{header->e_shnum} * header->e_shentsize, bytes_.size())) {
    return truncated("its section table", bytes_.size());
  }
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0) {
    return Error{Errc::protocol, "the ELF header names no segments; build the plugin again"};
  }
  if (!inside(header->e_phoff, std::uint64_t{header->e_phnum} * sizeof(Elf64_Phdr), bytes_.size())) {
    return truncated("its segment table", bytes_.size());
  }
  return std::nullopt;
}

std::optional<Error> ElfView::read_segments() {
  const auto header = read<Elf64_Ehdr>(bytes_, 0);
  std::optional<Elf64_Phdr> dynamic;
  for (std::uint16_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = read<Elf64_Phdr>(bytes_, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (segment->p_type != PT_LOAD && segment->p_type != PT_DYNAMIC) continue;
    if (!inside(segment->p_offset, segment->p_filesz, bytes_.size()))
      return truncated("a segment", bytes_.size());
    if (segment->p_type == PT_DYNAMIC) dynamic = segment;
  }
  if (!dynamic) return Error{Errc::protocol, "the library has no dynamic section; build it with -shared"};
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic->p_filesz; at += sizeof(Elf64_Dyn)) {
    const auto entry = read<Elf64_Dyn>(bytes_, dynamic->p_offset + at);
    switch (entry->d_tag) {
      case DT_NULL:
        return std::nullopt;
      case DT_SYMTAB:
        symbols_ = entry->d_un.d_ptr;
        break;
      case DT_STRTAB:
        strings_.address = entry->d_un.d_ptr;
        break;
      case DT_STRSZ:
        strings_.size = entry->d_un.d_val;
        break;
      case DT_GNU_HASH:
        gnu_hash_ = entry->d_un.d_ptr;
        break;
      case DT_HASH:
        sysv_hash_ = entry->d_un.d_ptr;
        break;
      default:
        break;
    }
  }
  return std::nullopt;
}

// From `address` to the end of what the file holds of its segment.
std::string_view ElfView::at_address(std::uint64_t address) const {
  const auto header = read<Elf64_Ehdr>(bytes_, 0);
  for (std::uint16_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = read<Elf64_Phdr>(bytes_, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (segment->p_type != PT_LOAD || address < segment->p_vaddr) continue;
    const std::uint64_t offset = address - segment->p_vaddr;
    if (offset < segment->p_filesz)
      return bytes_.substr(segment->p_offset + offset, segment->p_filesz - offset);
  }
  return {};
}

bool ElfView::symbol_is(std::uint32_t index, std::string_view name) const {
  const auto symbol = read<Elf64_Sym>(at_address(symbols_), std::uint64_t{index} * sizeof(Elf64_Sym));
  if (!symbol || symbol->st_shndx == SHN_UNDEF) return false;
  const std::string_view strings = at_address(strings_.address).substr(0, strings_.size);
  if (symbol->st_name >= strings.size()) return false;
  const std::string_view rest = strings.substr(symbol->st_name);
  return rest.size() > name.size() && rest.starts_with(name) && rest[name.size()] == '\0';
}

std::optional<std::uint32_t> ElfView::find_with_gnu_hash(std::string_view name) const {
  const std::string_view table = at_address(gnu_hash_);
  const auto bucket_count = read<std::uint32_t>(table, 0), first_symbol = read<std::uint32_t>(table, 4);
  const auto filter_words = read<std::uint32_t>(table, 8);
  if (!bucket_count || !first_symbol || !filter_words || *bucket_count == 0) return std::nullopt;
  const std::uint64_t buckets = 16 + std::uint64_t{*filter_words} * 8;
  const std::uint64_t chains = buckets + std::uint64_t{*bucket_count} * 4;
  const std::uint32_t hash = gnu_hash_of(name);
  const auto start = read<std::uint32_t>(table, buckets + std::uint64_t{hash % *bucket_count} * 4);
  if (!start || *start < *first_symbol) return std::nullopt;
  // Ends at the chain's last entry, or where the file does.
  for (std::uint32_t index = *start; index >= *start; ++index) {
    const auto entry = read<std::uint32_t>(table, chains + std::uint64_t{index - *first_symbol} * 4);
    if (!entry) return std::nullopt;
    if ((*entry | 1u) == (hash | 1u) && symbol_is(index, name)) return index;
    if ((*entry & 1u) != 0) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> ElfView::find_with_sysv_hash(std::string_view name) const {
  const std::string_view table = at_address(sysv_hash_);
  const auto bucket_count = read<std::uint32_t>(table, 0), chain_count = read<std::uint32_t>(table, 4);
  if (!bucket_count || !chain_count || *bucket_count == 0) return std::nullopt;
  const std::uint64_t chains = 8 + std::uint64_t{*bucket_count} * 4;
  auto index = read<std::uint32_t>(table, 8 + std::uint64_t{sysv_hash_of(name) % *bucket_count} * 4);
  // A chain never visits a symbol twice; one that does is made to turn for ever.
  for (std::uint32_t visited = 0; index && *index != 0 && visited < *chain_count; ++visited) {
    if (symbol_is(*index, name)) return index;
    index = read<std::uint32_t>(table, chains + std::uint64_t{*index} * 4);
  }
  return std::nullopt;
}

std::optional<ElfView::Object> ElfView::find_object(std::string_view name) const {
  const auto index = gnu_hash_ != 0 ? find_with_gnu_hash(name) : find_with_sysv_hash(name);
  if (!index) return std::nullopt;
  const auto symbol = read<Elf64_Sym>(at_address(symbols_), std::uint64_t{*index} * sizeof(Elf64_Sym));
  if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT) return std::nullopt;
  return Object{symbol->st_size, at_address(symbol->st_value).substr(0, symbol->st_size)};
}

}  // namespace freellmapi::host
