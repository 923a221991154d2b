import { defineConfig, type HtmlTagDescriptor, type Plugin, type Rolldown } from 'vite';

/** Builds the page into dist/console. No file is inlined as a data: address, which the content security policy forbids. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [preloadsOf('app.tsx')],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      output: {
        /*
         * Each file costs the start of the page some milliseconds, so a view loads few: one for React and the frame, one or two for the view and
         * the parts of Cloudscape that it shares with others. The code of the first reads is apart, since it does not wait for React.
         */
        codeSplitting: {
          groups: [
            {
              name: 'start',
              test: /console\/(?:main|paths|request|scheme|view-list)\.ts$|console\/page\.css$|preload-helper/,
              priority: 4,
            },
            { name: 'app', test: /console\/app\.tsx$/, priority: 3 },
            { name: 'home', test: /console\/views\/home\.tsx$/, priority: 2 },
            { name: 'instance', test: /console\/views\/instance\.tsx$/, priority: 1 },
            { name: 'shared', minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 60_000 },
          ],
        },
        chunkFileNames: ({ name }) => `assets/${firstName(name)}-[hash].js`,
        assetFileNames: ({ names }) => `assets/${firstName(names[0]?.replace(/\.\w+$/, '') ?? 'file')}-[hash][extname]`,
      },
      onLog(level, log, print) {
        // Cloudscape marks its files for servers that render React, which nothing does here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') print(level, log);
      },
    },
  },
});

/** The name of a shared chunk lists the chunks that share it. */
function firstName(name: string): string {
  return name.split('~', 1)[0] ?? name;
}

/** Names the files of a module that main.ts imports later in the HTML, so the browser loads them beside main.ts and not after it. */
function preloadsOf(module: string): Plugin {
  return {
    name: 'preload',
    transformIndexHtml(html, { bundle = {} }) {
      const chunks = Object.values(bundle).filter((each) => each.type === 'chunk');
      const first = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(`/${module}`)));
      if (!first) throw new Error(`The page has no chunk of ${module}.`);
      const files = new Set<string>();
      const add = ({ fileName, imports, viteMetadata }: Rolldown.OutputChunk): void => {
        if (files.has(fileName)) return;
        files.add(fileName);
        for (const style of viteMetadata?.importedCss ?? []) files.add(style);
        for (const each of chunks) if (imports.includes(each.fileName)) add(each);
      };
      add(first);
      return [...files].filter((file) => !html.includes(file)).map(preloadTag);
    },
  };
}

function preloadTag(file: string): HtmlTagDescriptor {
  const as = file.endsWith('.css') ? { rel: 'preload', as: 'style' } : { rel: 'modulepreload' };
  return { tag: 'link', attrs: { ...as, crossorigin: true, href: `/${file}` }, injectTo: 'head' };
}
