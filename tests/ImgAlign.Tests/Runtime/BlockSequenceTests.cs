using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Runtime;

public class BlockSequenceTests
{
    [Fact]
    public void Only_the_block_at_work_has_its_weights()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.StreamBlocks });
        using var slot = new ModelSlot<Chain>(runtime, Source());
        var before = LiveTensors.Count();
        using (var lease = slot.Use())
        {
            using var scope = NewDisposeScope();
            var seen = new List<string>();
            lease.Model.BeforeBlock = network => seen.Add(network.WhereWeightsAre);
            lease.Model.call(ones(1, 8));
            Assert.Equal(["x..", ".x.", "..x"], seen);
            Assert.Equal("...", lease.Model.WhereWeightsAre);
        }
        runtime.Residency.Leave();
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal((64 + 8) * 4 * 3 + 32, slot.WeightBytes);
        Assert.Equal((64 + 8) * 4 + 32, slot.StreamedWeightBytes);
    }

    [Fact]
    public void A_pass_that_ends_early_leaves_no_block_behind()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.StreamBlocks });
        using var slot = new ModelSlot<Chain>(runtime, Source());
        var before = LiveTensors.Count();
        using (var lease = slot.Use())
        {
            using var input = ones(1, 8);
            lease.Model.BeforeBlock = static network =>
            {
                if (network.WhereWeightsAre == ".x.")
                    throw new OperationCanceledException();
            };
            Assert.Throws<OperationCanceledException>(() => lease.Model.call(input));
            Assert.Equal("...", lease.Model.WhereWeightsAre);
            lease.Model.BeforeBlock = null;
            lease.Model.call(input).Dispose();
        }
        runtime.Residency.Unload();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void On_a_device_with_its_own_memory_blocks_wait_in_host_memory()
    {
        // The meta device stands for a second memory.
        using var runtime = new DeviceRuntime(
            new RuntimeOptions { Residency = ResidencyPolicy.StreamBlocks, Precision = Precision.BFloat16 },
            META
        );
        using var slot = new ModelSlot<Chain>(runtime, Source(), storage: WeightStorage.Int8);
        using var lease = slot.Use();
        var seen = new List<(DeviceType, ScalarType)>();
        lease.Model.BeforeBlock = network => seen.AddRange(network.Layers.Select(layer => (layer.Weight.device_type, layer.Weight.dtype)));
        using var input = empty([1, 8], bfloat16, META);
        lease.Model.call(input).Dispose();
        lease.Model.call(input).Dispose();
        var (there, here, unread) = ((DeviceType.META, int8), (DeviceType.CPU, int8), (DeviceType.META, int8));
        Assert.Equal([there, unread, unread, here, there, unread, here, here, there], seen.Take(9));
        Assert.Equal([there, here, here, here, there, here, here, here, there], seen.Skip(9));
    }

    [Fact]
    public void Files_are_opened_once_for_all_blocks_of_a_use()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.StreamBlocks, Threads = 1 });
        using var chain = new Chain(META);
        var weights = RuleWeights.For(chain);
        var opened = 0;
        var source = new ModelSource<Chain>(
            "chain",
            static () => new Chain(META),
            (network, files) =>
            {
                opened++;
                files.Add(network, weights, WeightMap.Identity);
            }
        );
        using var slot = new ModelSlot<Chain>(runtime, source);
        Assert.Equal(1, opened); // to compare names and shapes
        using (var lease = slot.Use())
        {
            using var input = zeros([1, 8]);
            for (var pass = 0; pass < 3; pass++)
                lease.Model.call(input).Dispose();
        }
        Assert.Equal(2, opened);
        runtime.Residency.Leave();
        slot.Use().Dispose();
        Assert.Equal(3, opened); // it left the device, and its files may have changed
    }

    // The meta device stands for a second memory. Blocks that have only one are read anew for every pass, and merged with it.
    [Theory]
    [InlineData(ResidencyPolicy.KeepAll, false, 1)]
    [InlineData(ResidencyPolicy.OffloadToHost, true, 1)]
    [InlineData(ResidencyPolicy.StreamBlocks, true, 1)]
    [InlineData(ResidencyPolicy.StreamBlocks, false, 3)]
    public void A_LoRA_is_merged_once_where_merged_weights_stay(ResidencyPolicy policy, bool hasOwnMemory, int merges)
    {
        using var folder = new TemporaryFolder();
        var change = new Dictionary<string, Tensor>
        {
            ["layers.0.lora_A.weight"] = ones(2, 8),
            ["layers.0.lora_B.weight"] = ones(8, 2),
            ["layers.1.lora_A.weight"] = ones(2, 8),
            ["layers.1.lora_B.weight"] = ones(8, 2),
        };
        SafetensorsWriter.Write(folder.File("lora.safetensors"), change);
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = policy, Threads = 1 }, hasOwnMemory ? META : CPU);
        using var chain = new Chain(META);
        using var weights = new CountedReads(RuleWeights.For(chain));
        var source = new ModelSource<Chain>(
            "chain",
            static () => new Chain(META),
            (network, files) =>
            {
                var loras = files.OpenLoras([(folder.File("lora.safetensors"), 1)]);
                var merged = files.Own(new LoraCheckpoint(weights, network, WeightMap.Identity, LoraTarget.Denoiser, loras));
                files.Add(network, merged, WeightMap.Identity);
            }
        );
        using var slot = new ModelSlot<Chain>(runtime, source);
        using var lease = slot.Use();
        using var input = zeros([1, 8], slot.Type, runtime.Device);
        for (var pass = 0; pass < 3; pass++)
            lease.Model.call(input).Dispose();
        string[] changed = ["layers.0.weight", "layers.1.weight"];
        Assert.All(changed, name => Assert.Equal(merges, weights.Reads.Count(read => read == name)));
    }

    /// <summary>Another checkpoint, and which of its tensors were read.</summary>
    private sealed class CountedReads(Checkpoint checkpoint) : Checkpoint
    {
        public List<string> Reads { get; } = [];

        public override string Source => checkpoint.Source;

        public override IReadOnlyDictionary<string, TensorInfo> Tensors => checkpoint.Tensors;

        public override Tensor Read(string name)
        {
            Reads.Add(name);
            return checkpoint.Read(name);
        }
    }

    private static ModelSource<Chain> Source()
    {
        using var chain = new Chain(META);
        var weights = RuleWeights.For(chain);
        return new("chain", static () => new Chain(META), (network, opened) => opened.Add(network, weights, WeightMap.Identity));
    }

    /// <summary>A norm, and three linear layers one after the other.</summary>
    private sealed class Chain : nn.Module<Tensor, Tensor>, IBlockNetwork
    {
        private readonly RmsNorm norm;
        private readonly ModuleList<CompactLinear> layers;
        private readonly BlockSequence<CompactLinear> blocks;

        public Chain(Device device)
            : base(nameof(Chain))
        {
            norm = new RmsNorm(8, 1e-6, device);
            layers = nn.ModuleList<CompactLinear>([.. Enumerable.Range(0, 3).Select(_ => new CompactLinear(8, 8, hasBias: true, device))]);
            blocks = new(layers);
            RegisterComponents();
        }

        public BlockSequence Blocks => blocks;

        public IEnumerable<CompactLinear> Layers => layers;

        public Action<Chain>? BeforeBlock { get; set; }

        public string WhereWeightsAre => string.Concat(layers.Select(layer => layer.Weight.device_type == DeviceType.META ? '.' : 'x'));

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = norm.call(input);
            foreach (var block in blocks.InTurn())
            {
                BeforeBlock?.Invoke(this);
                x = block.call(x);
            }
            return x.MoveToOuterDisposeScope();
        }
    }
}
