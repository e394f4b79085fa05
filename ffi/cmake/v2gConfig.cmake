# find_package(v2g REQUIRED CONFIG PATHS <checkout>/ffi/cmake) gives the target v2g::v2g: libv2g.a, built by cargo, and its headers.
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
set(_v2g_options --package v2g-ffi --profile "${V2G_PROFILE}" --crate-type staticlib --target-dir "${_v2g_output}")
if(V2G_TARGET)
  list(APPEND _v2g_options --target "${V2G_TARGET}")
endif()
if(V2G_FEATURES)
  string(REPLACE ";" "," _v2g_features "${V2G_FEATURES}")
  list(APPEND _v2g_options --no-default-features --features "panic-handler,${_v2g_features}")
else()
  list(APPEND _v2g_options --features panic-handler)
endif()
set(_v2g_archive "${_v2g_output}/${V2G_TARGET}/${V2G_PROFILE}/libv2g.a")

if(NOT TARGET v2g::v2g)
  add_custom_target(v2g_archive
    COMMAND "${V2G_CARGO}" rustc --quiet ${_v2g_options}
    WORKING_DIRECTORY "${_v2g_root}"
    BYPRODUCTS "${_v2g_archive}"
    COMMENT "libv2g.a")
  add_library(v2g::v2g STATIC IMPORTED GLOBAL)
  set_target_properties(v2g::v2g PROPERTIES
    IMPORTED_LOCATION "${_v2g_archive}"
    INTERFACE_INCLUDE_DIRECTORIES "${_v2g_root}/include")
  add_dependencies(v2g::v2g v2g_archive)
endif()
set(v2g_FOUND TRUE)
