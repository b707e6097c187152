package dev.rosetta.kernels.panama;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
class LibraryCacheTests {
  private static final byte[] LIBRARY = {1, 2, 3};

  @TempDir Path temporary;

  @Test
  void extractsToAFileNamedByDigestInAFolderClosedToOthers() throws IOException {
    LibraryCache cache = LibraryCache.open(temporary.resolve("a/rosetta"));
    Path file = cache.extract("libx.so", "abc", LIBRARY);
    assertEquals("libx-abc.so", file.getFileName().toString());
    assertArrayEquals(LIBRARY, Files.readAllBytes(file));
    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache.folder())));
    try (Stream<Path> files = Files.list(cache.folder())) {
      assertEquals(1, files.count(), "nothing but the library is left behind");
    }
  }

  @Test
  void leavesAFileAloneThatIsThereAlready() throws IOException {
    LibraryCache cache = LibraryCache.open(temporary.resolve("rosetta"));
    Path file = cache.extract("libx.so", "abc", LIBRARY);
    FileTime longAgo = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, longAgo);
    cache.extract("libx.so", "abc", LIBRARY);
    assertEquals(longAgo, Files.getLastModifiedTime(file));
  }

  @Test
  void replacesAFileWithOtherBytes() throws IOException {
    LibraryCache cache = LibraryCache.open(temporary.resolve("rosetta"));
    Path file = cache.extract("libx.so", "abc", LIBRARY);
    Files.write(file, new byte[] {1, 2, 4});
    assertArrayEquals(LIBRARY, Files.readAllBytes(cache.extract("libx.so", "abc", LIBRARY)));
  }

  @Test
  void replacesALinkInsteadOfFollowingIt() throws IOException {
    LibraryCache cache = LibraryCache.open(temporary.resolve("rosetta"));
    Path elsewhere = Files.write(temporary.resolve("elsewhere"), LIBRARY);
    Path link = Files.createSymbolicLink(cache.folder().resolve("libx-abc.so"), elsewhere);
    cache.extract("libx.so", "abc", LIBRARY);
    assertTrue(Files.isRegularFile(link, java.nio.file.LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void refusesAFolderThatOthersCanOpen() throws IOException {
    Path folder =
        Files.createDirectory(
            temporary.resolve("open"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    IOException e = assertThrows(IOException.class, () -> LibraryCache.open(folder));
    assertTrue(e.getMessage().contains("chmod 700"), e.getMessage());
  }
}
