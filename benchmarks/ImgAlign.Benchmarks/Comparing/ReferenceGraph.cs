using System.Text.Json;
using ImgAlign.Networks.Flux;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>A network of the reference implementation as a TorchScript graph without weights.</summary>
internal sealed class ReferenceGraph
{
    private readonly string path;

    public ReferenceGraph(string folder, string name)
    {
        path = Path.Combine(folder, name + ".pt");
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, name + ".json")));
        Parameters = json.RootElement.GetProperty("params").EnumerateObject().ToDictionary(pair => pair.Name, pair => Shape(pair.Value));
        Inputs = json
            .RootElement.GetProperty("inputs")
            .EnumerateObject()
            .ToDictionary(pair => pair.Name, pair => Shape(pair.Value.GetProperty("shape")));

        static long[] Shape(JsonElement list) => [.. list.EnumerateArray().Select(size => size.GetInt64())];
    }

    /// <summary>Names and shapes of all parameters, in the order in which the graph takes them.</summary>
    public IReadOnlyDictionary<string, long[]> Parameters { get; }

    /// <summary>Names and shapes of the inputs, which follow.</summary>
    public IReadOnlyDictionary<string, long[]> Inputs { get; }

    /// <summary>Inputs to give to both sides: unit normal numbers, but a timestep, a guidance, sizes and positions that occur.</summary>
    public Dictionary<string, torch.Tensor> CreateInputs(torch.ScalarType type)
    {
        using var generator = new torch.Generator(1);
        return Inputs.ToDictionary(input => input.Key, input => Create(input.Key, input.Value).to(type));

        torch.Tensor Create(string name, long[] shape) =>
            name switch
            {
                "timestep" => torch.full(shape, Inputs.ContainsKey("guidance") ? 0.5 : 500.0), // FLUX counts from 0 to 1
                "guidance" => torch.full(shape, 3.5),
                "img_ids" => LatentPatches.Ids(SquareSide(shape[0]), SquareSide(shape[0]), torch.CPU),
                "txt_ids" => torch.zeros(shape),
                "time_ids" => torch.tensor([512f, 512, 0, 0, 512, 512]).expand(shape).contiguous(),
                _ => torch.randn(shape, generator: generator),
            };
    }

    // Latents along a side of the square picture that has so many tokens.
    private static long SquareSide(long tokens) => LatentPatches.Size * (long)Math.Sqrt(tokens);

    /// <summary>Binds the graph to weights and inputs, which it borrows.</summary>
    public IContender Bind(SharedWeights weights, IReadOnlyDictionary<string, torch.Tensor> inputs) =>
        new Contender(path, [.. weights.Values, .. Inputs.Keys.Select(name => inputs[name])]);

    private sealed class Contender(string path, object[] arguments) : IContender
    {
        private readonly torch.jit.ScriptModule module = torch.jit.load(path);

        public torch.Tensor Run() => (torch.Tensor)module.call(arguments);

        public void Dispose() => module.Dispose();
    }
}
