package dev.rosetta.kernels.java;

import dev.rosetta.spi.KernelBackend;
import java.io.IOException;
import java.io.InputStream;

/**
 * Loads the Vector API back end once more with another vector width, so that one machine tests
 * every width.
 */
final class ForcedWidth extends ClassLoader {
  private static final String PACKAGE = "dev.rosetta.kernels.java.";

  private ForcedWidth() {
    super(ForcedWidth.class.getClassLoader());
  }

  static KernelBackend of(int bits) throws ReflectiveOperationException {
    String property = VectorWidth.PROPERTY;
    String before = System.getProperty(property);
    System.setProperty(property, Integer.toString(bits));
    try {
      KernelBackend backend =
          (KernelBackend)
              new ForcedWidth().loadClass(PACKAGE + "VectorBackend").getConstructor().newInstance();
      if (!backend.availability().reason().contains(bits + "-bit")) {
        throw new IllegalStateException(backend.availability().reason());
      }
      return backend;
    } finally {
      if (before == null) {
        System.clearProperty(property);
      } else {
        System.setProperty(property, before);
      }
    }
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      if (!name.startsWith(PACKAGE)) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : define(name);
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
      byte[] bytes = in.readAllBytes();
      return defineClass(name, bytes, 0, bytes.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }
}
