/** Chromium without a window, through its DevTools protocol: what a test needs to look at a page. */

/** Where Chromium is, if it is installed. */
export async function findChromium(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      const { success } = await new Deno.Command(name, {
        args: ["--version"],
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Chromium brings SwiftShader, a software adapter with subgroups of 4. */
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

// deno-lint-ignore no-explicit-any
type Answer = any;

/** A page in a browser of its own. */
export class Page implements AsyncDisposable {
  readonly #browser: Deno.ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #session: string | undefined;
  #number = 0;
  #loaded: PromiseWithResolvers<void> | undefined;
  /** Errors and warnings of scripts, and exceptions that nobody caught. */
  readonly problems: string[] = [];
  /** Addresses of all that was requested. */
  readonly requests: string[] = [];

  private constructor(browser: Deno.ChildProcess, folder: string, socket: WebSocket) {
    this.#browser = browser;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Starts a browser with one empty page, and with WebGPU on its own software adapter if asked to. */
  static async open(
    program: string,
    options: { width: number; height: number; dark?: boolean; webGpu?: boolean },
  ): Promise<Page> {
    const folder = await Deno.makeTempDir();
    const browser = new Deno.Command(program, {
      args: [
        ...["--headless", "--no-sandbox", "--remote-debugging-port=0"],
        ...(options.webGpu ? WEBGPU : ["--disable-gpu"]),
        ...["--no-first-run", "--disable-extensions", "--disable-background-networking"],
        `--user-data-dir=${folder}`,
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const socket = new WebSocket(await debuggerAddress(browser));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const page = new Page(browser, folder, socket);
    const { targetId } = await page.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await page.send("Target.attachToTarget", { targetId, flatten: true });
    page.#session = sessionId;
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await page.send(`${domain}.enable`);
    const { width, height, dark = false } = options;
    await page.send("Emulation.setDeviceMetricsOverride", {
      ...{ width, height },
      deviceScaleFactor: 1,
      mobile: false,
    });
    await page.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    return page;
  }

  /** Sends a command and waits for its answer. */
  send(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.#number;
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.set(id, answer);
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return answer.promise;
  }

  /** Opens an address and waits until it has loaded. */
  async goto(url: string): Promise<void> {
    this.#loaded = Promise.withResolvers();
    await this.send("Page.navigate", { url });
    await this.#loaded.promise;
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<Answer> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? "No value");
    return result.value;
  }

  /** Moves the pointer. */
  async point(x: number, y: number): Promise<void> {
    await this.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  }

  /** Presses a key such as `ArrowRight`. */
  async press(key: string): Promise<void> {
    const codes: Record<string, number> = { ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, Tab: 9 };
    const event = { key, code: key, windowsVirtualKeyCode: codes[key] ?? 0 };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  #receive({ id, method, params, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting) {
      this.#waiting.delete(id);
      if (error) waiting.reject(new Error(error.message));
      else waiting.resolve(result);
    }
    switch (method) {
      case "Page.loadEventFired":
        this.#loaded?.resolve();
        break;
      case "Network.requestWillBeSent":
        this.requests.push(params.request.url);
        break;
      case "Runtime.exceptionThrown":
        this.problems.push(params.exceptionDetails.exception?.description ?? "exception");
        break;
      case "Runtime.consoleAPICalled":
        this.problems.push(params.args.map((arg: Answer) => arg.value).join(" "));
        break;
      case "Log.entryAdded":
        this.problems.push(params.entry.text);
        break;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session = undefined;
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    await this.send("Browser.close");
    await closed;
    await this.#browser.status;
    await removeFolder(this.#folder);
  }
}

/** Removes the browser's folder, to which its helpers may write for a moment after it has ended. */
async function removeFolder(path: string, triesLeft = 10): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (triesLeft === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await removeFolder(path, triesLeft - 1);
  }
}

/** The address that a browser prints when it is ready. */
async function debuggerAddress(browser: Deno.ChildProcess): Promise<string> {
  const reader = browser.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let output = "";
  for (;;) {
    const { value, done } = await reader.read();
    output += value ?? "";
    const found = /ws:\/\/\S+/.exec(output);
    if (found) {
      // What it says afterwards is of no interest, but must be read, or it would wait for us.
      (async () => {
        while (!(await reader.read()).done);
      })();
      return found[0];
    }
    if (done) throw new Error(`The browser did not start:\n${output}`);
  }
}
