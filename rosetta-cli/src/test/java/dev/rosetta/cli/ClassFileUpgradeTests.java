package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ClassFileUpgradeTests {
  @TempDir private Path folder;

  private static Path picocli() throws Exception {
    return Path.of(CommandLine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static List<String> names(Path jar) throws IOException {
    try (ZipFile file = new ZipFile(jar.toFile())) {
      return file.stream().map(ZipEntry::getName).toList();
    }
  }

  private static int version(Path jar, String name) throws IOException {
    try (ZipFile file = new ZipFile(jar.toFile());
        InputStream in = file.getInputStream(file.getEntry(name))) {
      return ClassFile.of().parse(in.readAllBytes()).majorVersion();
    }
  }

  @Test
  void upgradesWhatTheCacheLeavesOutAndKeepsTheRest() throws Exception {
    Path upgraded = folder.resolve("picocli.jar");

    ClassFileUpgrade.upgrade(picocli(), upgraded);

    assertEquals(49, version(picocli(), "picocli/CommandLine.class"));
    assertEquals(61, version(upgraded, "picocli/CommandLine.class"));
    assertEquals(names(picocli()), names(upgraded));
    String descriptor = "META-INF/versions/9/module-info.class";
    assertEquals(version(picocli(), descriptor), version(upgraded, descriptor));
  }

  /** Verification is what missing or wrong stack maps fail. */
  @Test
  void everyUpgradedClassIsVerified() throws Exception {
    Path upgraded = folder.resolve("picocli.jar");
    ClassFileUpgrade.upgrade(picocli(), upgraded);
    List<String> initialized = new ArrayList<>();

    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {upgraded.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
      for (String name : names(upgraded)) {
        if (name.startsWith("picocli/") && name.endsWith(".class") && !name.contains("groovy")) {
          String type = name.replace('/', '.').substring(0, name.length() - ".class".length());
          Class.forName(type, true, loader);
          initialized.add(type);
        }
      }
    }

    assertTrue(initialized.contains("picocli.CommandLine"), initialized::toString);
    assertTrue(initialized.size() > 200, initialized::toString);
  }

  @Test
  void doesNotChangeTheJarItReads() throws Exception {
    byte[] before = Files.readAllBytes(picocli());

    ClassFileUpgrade.upgrade(picocli(), folder.resolve("picocli.jar"));

    assertArrayEquals(before, Files.readAllBytes(picocli()));
  }
}
