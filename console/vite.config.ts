import { defineConfig } from 'vite';

/** Builds the page into dist/console. No file is inlined as a data: address, which the content security policy forbids. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      onLog(level, log, print) {
        // Cloudscape marks its files for servers that render React, which nothing does here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') print(level, log);
      },
    },
  },
});
