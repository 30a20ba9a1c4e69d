// The standard's string, built for speed: of all the copies that the objects bring along the linker takes the
// first, and that of an object which is built small moves bytes one by one.
#include <string>

template class std::basic_string<char>;
