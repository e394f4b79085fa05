# find_package(v2g REQUIRED CONFIG PATHS <checkout>/ffi/cmake) gives these targets, each libv2g.a, built by cargo, and its headers:
#
#   v2g::v2g       without an operating system: no heap, no libc
#   v2g::hosted    with TLS and files, v2g_hosted.h; for operating systems
#
#   V2G_FEATURES   families of services, such as "dc;ac" (all)
#   V2G_TARGET     target of rustc when cross-compiling, such as thumbv7em-none-eabihf (that of the machine)
#   V2G_PROFILE    cargo's profile: release, or firmware for the smallest code (release)
#
# Cargo builds below the build folder, or in CARGO_TARGET_DIR of the environment if that is set.
get_filename_component(_v2g_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
find_program(V2G_CARGO cargo HINTS "$ENV{HOME}/.cargo/bin" REQUIRED)

set(V2G_PROFILE release CACHE STRING "Profile of cargo for libv2g.a")
set(V2G_FEATURES "" CACHE STRING "Families of services in libv2g.a; empty: all")
set(V2G_TARGET "" CACHE STRING "Target of rustc for libv2g.a; empty: this machine")

if(DEFINED ENV{CARGO_TARGET_DIR})
  get_filename_component(_v2g_output "$ENV{CARGO_TARGET_DIR}" ABSOLUTE)
else()
  set(_v2g_output "${CMAKE_BINARY_DIR}/v2g")
endif()

# _v2g_archive(NAME FOLDER FEATURE): the target v2g::NAME, with what FEATURE has.
function(_v2g_archive name folder feature)
  if(TARGET v2g::${name})
    return()
  endif()
  set(options --package v2g-ffi --profile "${V2G_PROFILE}" --crate-type staticlib --target-dir "${folder}")
  if(V2G_TARGET)
    list(APPEND options --target "${V2G_TARGET}")
  endif()
  if(V2G_FEATURES)
    string(REPLACE ";" "," features "${V2G_FEATURES}")
    list(APPEND options --no-default-features --features "${feature},${features}")
  else()
    list(APPEND options --features "${feature}")
  endif()
  set(archive "${folder}/${V2G_TARGET}/${V2G_PROFILE}/libv2g.a")
  # Cargo knows best whether anything is to be done. What nothing links with is not built.
  add_custom_target(v2g_${name}
    COMMAND "${V2G_CARGO}" rustc --quiet ${options}
    WORKING_DIRECTORY "${_v2g_root}"
    BYPRODUCTS "${archive}"
    COMMENT "libv2g.a, ${name}")
  add_library(v2g::${name} STATIC IMPORTED GLOBAL)
  set_target_properties(v2g::${name} PROPERTIES
    IMPORTED_LOCATION "${archive}"
    INTERFACE_INCLUDE_DIRECTORIES "${_v2g_root}/include")
  add_dependencies(v2g::${name} v2g_${name})
endfunction()

_v2g_archive(v2g "${_v2g_output}" panic-handler)
_v2g_archive(hosted "${_v2g_output}/hosted" hosted)
set_target_properties(v2g::hosted PROPERTIES INTERFACE_LINK_LIBRARIES "pthread;dl;m")
set(v2g_FOUND TRUE)
