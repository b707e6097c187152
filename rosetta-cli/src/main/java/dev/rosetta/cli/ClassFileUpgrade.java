package dev.rosetta.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a library's old classes in a later version of the class-file format. The JVM keeps no
 * class in its cache of loaded classes that is older than version 50 of the format, which
 * introduced stack maps (JVMS 4.10.1). The launcher has picocli's, of version 49, upgraded after a
 * build, which saves a start their parsing and verification.
 */
final class ClassFileUpgrade {
  private static final int WITH_STACK_MAPS = 50;

  private ClassFileUpgrade() {}

  /** Arguments: the jar to read and the one to write. */
  public static void main(String[] args) throws IOException {
    upgrade(Path.of(args[0]), Path.of(args[1]));
  }

  /**
   * Copies a jar, its old classes with stack maps and the version of Java 17. What they do is the
   * same.
   *
   * @param target replaced if it exists
   * @throws IllegalArgumentException if a class cannot be written in the later version
   */
  static void upgrade(Path jar, Path target) throws IOException {
    try (ZipFile from = new ZipFile(jar.toFile());
        OutputStream file = Files.newOutputStream(target);
        ZipOutputStream to = new ZipOutputStream(file)) {
      ClassFile classes =
          ClassFile.of(
              StackMapsOption.GENERATE_STACK_MAPS,
              ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(type -> open(from, type))
                      .orElse(ClassHierarchyResolver.defaultResolver())));
      for (Enumeration<? extends ZipEntry> all = from.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        byte[] content;
        try (InputStream in = from.getInputStream(entry)) {
          content = in.readAllBytes();
        }
        to.putNextEntry(new ZipEntry(entry.getName()));
        to.write(entry.getName().endsWith(".class") ? upgrade(classes, content) : content);
      }
    }
  }

  private static byte[] upgrade(ClassFile classes, byte[] content) {
    ClassModel model = classes.parse(content);
    if (model.majorVersion() >= WITH_STACK_MAPS) {
      return content;
    }
    return classes.build(
        model.thisClass().asSymbol(),
        builder -> {
          builder.withVersion(ClassFile.JAVA_17_VERSION, 0);
          for (ClassElement element : model) {
            switch (element) {
              case ClassFileVersion _ -> {}
              // Code that is copied as it is would keep its lack of stack maps.
              case MethodModel method ->
                  builder.transformMethod(
                      method, MethodTransform.transformingCode(CodeTransform.ACCEPT_ALL));
              default -> builder.with(element);
            }
          }
        });
  }

  /** The class file of a type of the jar itself; null for any other. */
  private static @Nullable InputStream open(ZipFile jar, ClassDesc type) {
    String descriptor = type.descriptorString();
    ZipEntry entry = jar.getEntry(descriptor.substring(1, descriptor.length() - 1) + ".class");
    try {
      return entry == null ? null : jar.getInputStream(entry);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
