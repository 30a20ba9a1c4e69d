#include "kit/elf.hpp"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace freellmapi::kit {
namespace {

class Image {
 public:
  explicit Image(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    bytes_ = out.str();
    if (!in || bytes_.size() < sizeof(Elf64_Ehdr)) throw std::runtime_error(file + " cannot be read");
    head_ = at<Elf64_Ehdr>(0);
    if (std::memcmp(head_.e_ident, ELFMAG, SELFMAG) != 0 || head_.e_ident[EI_CLASS] != ELFCLASS64)
      throw std::runtime_error(file + " is no 64-bit ELF library");
  }

  template <class T>
  T at(std::size_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T))
      throw std::runtime_error("the library is cut short");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::string text(std::size_t offset) const {
    if (offset >= bytes_.size()) throw std::runtime_error("the library is cut short");
    const std::size_t end = bytes_.find('\0', offset);
    return bytes_.substr(offset, end == bytes_.npos ? end : end - offset);
  }
  template <class F>
  void for_each_section(std::uint32_t type, F&& f) const {
    for (unsigned i = 0; i < head_.e_shnum; ++i) {
      const auto section = section_at(i);
      if (section.sh_type == type) f(section);
    }
  }
  template <class F>
  void for_each_segment(F&& f) const {
    for (unsigned i = 0; i < head_.e_phnum; ++i)
      f(at<Elf64_Phdr>(head_.e_phoff + i * static_cast<std::size_t>(head_.e_phentsize)));
  }
  Elf64_Shdr section_at(unsigned i) const {
    return at<Elf64_Shdr>(head_.e_shoff + i * static_cast<std::size_t>(head_.e_shentsize));
  }

 private:
  std::string bytes_;
  Elf64_Ehdr head_{};
};

}  // namespace

Library read_library(const std::string& file) {
  const Image image(file);
  Library out;
  image.for_each_section(SHT_DYNSYM, [&](const Elf64_Shdr& symbols) {
    const Elf64_Shdr names = image.section_at(symbols.sh_link);
    for (std::size_t i = 1; i < symbols.sh_size / sizeof(Elf64_Sym); ++i) {
      const auto symbol = image.at<Elf64_Sym>(symbols.sh_offset + i * sizeof(Elf64_Sym));
      const std::string name = image.text(names.sh_offset + symbol.st_name);
      const unsigned bind = ELF64_ST_BIND(symbol.st_info);
      if (symbol.st_shndx == SHN_UNDEF)
        out.imported.push_back(name);
      else if (bind != STB_LOCAL && ELF64_ST_VISIBILITY(symbol.st_other) == STV_DEFAULT)
        out.exported.push_back(name);
    }
  });
  image.for_each_section(SHT_DYNAMIC, [&](const Elf64_Shdr& dynamic) {
    const Elf64_Shdr names = image.section_at(dynamic.sh_link);
    for (std::size_t i = 0; i < dynamic.sh_size / sizeof(Elf64_Dyn); ++i) {
      const auto entry = image.at<Elf64_Dyn>(dynamic.sh_offset + i * sizeof(Elf64_Dyn));
      if (entry.d_tag == DT_NEEDED) out.needed.push_back(image.text(names.sh_offset + entry.d_un.d_val));
    }
  });
  image.for_each_segment([&](const Elf64_Phdr& segment) {
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0)
      out.writable.push_back({segment.p_vaddr, segment.p_memsz});
  });
  return out;
}

}  // namespace freellmapi::kit
