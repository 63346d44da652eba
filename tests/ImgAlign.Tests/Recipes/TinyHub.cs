using ImgAlign.HubServer;

namespace ImgAlign.Tests.Recipes;

/// <summary>The tiny checkpoints of the golden cases as repositories of a hub on loopback, and this process's environment set to
/// it.</summary>
internal sealed class TinyHub : IAsyncDisposable
{
    private readonly LoopbackHub server;

    private TinyHub(LoopbackHub server) => this.server = server;

    public string Home { get; } = Directory.CreateTempSubdirectory().FullName;

    public string Cache => Path.Combine(Home, "hub");

    public string Recipes => Path.Combine(Home, "recipes.json");

    public IReadOnlyCollection<SeenRequest> Requests => server.Requests;

    public static async Task<TinyHub> StartAsync(bool isGated = false)
    {
        var hub = new TinyHub(
            await LoopbackHub.StartAsync(
                Repository("acme/sdxl", "sdxl/checkpoint", isGated),
                Repository("acme/img", "sdxl/ckpts"),
                Repository("acme/llava", "mllm/llava-hf"),
                Repository("acme/hps", "scorer/checkpoints/hps"),
                Repository("acme/clip", "scorer/checkpoints/clip_l"),
                new HostedRepository
                {
                    Name = "acme/aligner",
                    Commit = new string('b', 40),
                    Files = [Hosted(TestData.Golden, "round/aligner_sdxl_llava.pth")],
                },
                new HostedRepository
                {
                    Name = "datasets/acme/prompts",
                    Commit = new string('c', 40),
                    Files = [HostedFile.Large("drawbench.json", "[\"a red circle left of a blue square\"]"u8.ToArray())],
                }
            )
        );
        File.WriteAllText(
            hub.Recipes,
            """
            {
              "recipes": {
                "tiny": {
                  "about": "The tiny checkpoints of the golden cases.",
                  "memoryGigabytes": { "KeepAll": 0.1 },
                  "models": [
                    { "repository": "acme/sdxl", "license": "mit", "settings": { "Sdxl:ModelPath": "" } },
                    { "repository": "acme/img", "include": ["*"], "settings": { "Sdxl:ImagePromptPath": "" } },
                    { "repository": "acme/llava", "settings": { "Llava:ModelPath": "" } },
                    { "repository": "acme/aligner", "settings": { "Aligner:Path": "round/aligner_sdxl_llava.pth" } }
                  ],
                  "settings": { "Aligner:HeadWidth": "16" }
                }
              },
              "scorers": {
                "hps": {
                  "about": "A tiny HPSv2.",
                  "memoryGigabytes": { "KeepAll": 0.5 },
                  "models": [
                    {
                      "repository": "acme/hps", "include": ["HPS_v2.1_compressed.pt", "open_clip_config.json"],
                      "settings": { "Hps:ModelPath": "HPS_v2.1_compressed.pt" }
                    },
                    { "repository": "acme/clip", "include": ["vocab.json", "merges.txt"], "settings": { "Hps:TokenizerPath": "" } }
                  ]
                }
              }
            }
            """
        );
        Set("HF_ENDPOINT", hub.server.Hub.ToString());
        Set("HF_HOME", hub.Home);
        Set("HF_HUB_CACHE", null);
        Set("HF_TOKEN", LoopbackHub.GrantedToken);
        return hub;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in new[] { "HF_ENDPOINT", "HF_HOME", "HF_TOKEN", "HF_HUB_OFFLINE" })
            Set(name, null);
        await server.DisposeAsync();
        Directory.Delete(Home, recursive: true);
    }

    public static void Set(string name, string? value) => Environment.SetEnvironmentVariable(name, value);

    private static HostedRepository Repository(string name, string folder, bool isGated = false)
    {
        var root = Path.Combine(TestData.Golden, folder);
        return new HostedRepository
        {
            Name = name,
            Commit = new string('a', 40),
            IsGated = isGated,
            Files =
            [
                .. Directory
                    .EnumerateFiles(root, "*", SearchOption.AllDirectories)
                    .Select(file => Hosted(root, Path.GetRelativePath(root, file))),
            ],
        };
    }

    private static HostedFile Hosted(string root, string path) =>
        HostedFile.Large(path.Replace('\\', '/'), File.ReadAllBytes(Path.Combine(root, path)));
}
