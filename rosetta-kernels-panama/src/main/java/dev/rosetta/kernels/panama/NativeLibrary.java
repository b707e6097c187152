package dev.rosetta.kernels.panama;

import dev.rosetta.kernels.panama.generated.RosettaKernels;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/** The native library of this process: found, loaded and checked when first asked for. */
sealed interface NativeLibrary {

  /** System property with the path of a library to load instead of the one in the jar. */
  String LIBRARY_PROPERTY = "rosetta.native.library";

  /**
   * The library is loaded and speaks this version's binary interface.
   *
   * @param tiers what this processor can run
   */
  record Loaded(Path path, Set<Tier> tiers) implements NativeLibrary {}

  /** There is no library to call; {@code reason} says why and what to do. */
  record Missing(String reason) implements NativeLibrary {}

  /** The library; the same on every call. */
  static NativeLibrary get() {
    return Holder.LIBRARY;
  }

  /** Loads the library once; {@link System#load} cannot be undone. */
  final class Holder {
    static final NativeLibrary LIBRARY = open();

    private Holder() {}
  }

  private static NativeLibrary open() {
    String given = System.getProperty(LIBRARY_PROPERTY, "");
    if (!given.isEmpty()) {
      return load(Path.of(given).toAbsolutePath());
    }
    String fileName = System.mapLibraryName("rosetta_kernels");
    String resource = "/META-INF/native/" + platform() + "/" + fileName;
    try (InputStream library = NativeLibrary.class.getResourceAsStream(resource);
        InputStream digest = NativeLibrary.class.getResourceAsStream(resource + ".sha256")) {
      if (library == null || digest == null) {
        return new Missing(
            "this build contains no native library for "
                + platform()
                + "; build it where cmake and a C compiler are on the PATH, or name one with -D"
                + LIBRARY_PROPERTY
                + "=PATH");
      }
      String sha256 = new String(digest.readAllBytes(), StandardCharsets.US_ASCII).strip();
      return load(LibraryCache.open().extract(fileName, sha256, library.readAllBytes()));
    } catch (IOException e) {
      return new Missing(
          "the native library cannot be extracted: "
              + e.getMessage()
              + "; name another folder with -D"
              + LibraryCache.FOLDER_PROPERTY
              + "=PATH");
    }
  }

  private static NativeLibrary load(Path path) {
    try {
      System.load(path.toString());
    } catch (UnsatisfiedLinkError e) {
      return new Missing("the native library " + path + " cannot be loaded: " + e.getMessage());
    } catch (IllegalCallerException e) {
      return new Missing(
          "native access is denied; start Java with --enable-native-access="
              + (NativeLibrary.class.getModule().isNamed()
                  ? NativeLibrary.class.getModule().getName()
                  : "ALL-UNNAMED"));
    }
    if (SymbolLookup.loaderLookup().find("rosetta_abi_version").isEmpty()) {
      return new Missing(path + " is not Rosetta's native library: no rosetta_abi_version in it");
    }
    int version = RosettaKernels.rosetta_abi_version();
    int expected = RosettaKernels.ROSETTA_ABI_VERSION();
    if (version != expected) {
      return new Missing(
          "the native library "
              + path
              + " has binary interface "
              + version
              + ", this version needs "
              + expected
              + "; rebuild it from the same sources");
    }
    return new Loaded(path, Tier.ofBits(RosettaKernels.rosetta_tiers()));
  }

  /** Operating system and processor as the jar's folders are named: {@code linux-x86_64}. */
  private static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return (os.startsWith("mac") ? "macos" : os.startsWith("windows") ? "windows" : os)
        + "-"
        + (arch.equals("amd64") ? "x86_64" : arch);
  }
}
