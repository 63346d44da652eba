using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Qwen;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Qwen;

public class QwenVisionModelTests
{
    [Fact]
    public void Images_do_not_see_each_other()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = TinyQwen.Create();
        PatchGrid[] grids = [new(6, 4), new(2, 2), new(6, 10)];
        var all = TinyQwen.Patches(grids);
        var parts = new List<Tensor>();
        var start = 0;
        foreach (var grid in grids)
        {
            parts.Add(network.Visual.call(new ImagePatches(all.Values.narrow(0, start, grid.Count), [grid])));
            start += grid.Count;
        }
        Assert.True(network.Visual.call(all).allclose(cat([.. parts]), rtol: 1e-5, atol: 1e-5));
    }

    [Fact]
    public void Segments_are_attention_with_a_mask()
    {
        using var scope = NewDisposeScope();
        int[] lengths = [4, 6, 4, 2, 6];
        var (q, k, v) = (rand(1, 3, 22, 8), rand(1, 3, 22, 8), rand(1, 3, 22, 8));
        var part = tensor(lengths.SelectMany((length, index) => Enumerable.Repeat((long)index, length)).ToArray());
        var mask = zeros(22, 22).masked_fill(part.unsqueeze(0).ne(part.unsqueeze(1)), double.NegativeInfinity);
        var expected = Attention.Merge(Attention.AttendHeads(q, k, v, bias: mask));
        Assert.True(new AttentionSegments(lengths, CPU).Attend(q, k, v).allclose(expected, rtol: 1e-5, atol: 1e-6));
    }

    [Fact]
    public void Many_windows_are_no_matrix_of_all_pairs()
    {
        // The scores of all pairs would take 34 GB.
        using var scope = NewDisposeScope();
        var x = rand(1, 2, 65536, 8);
        var attended = new AttentionSegments([.. Enumerable.Repeat(64, 1023), 32, 32], CPU).Attend(x, x, x);
        Assert.Equal([1L, 65536, 16], attended.shape);
        Assert.True(attended.isfinite().all().item<bool>());
    }

    [Fact]
    public void Windows_cover_every_cell_once_and_end_at_the_edges()
    {
        // Windows of 2 x 2 cells on 3 x 5 cells.
        var layout = PatchLayout.Create([new PatchGrid(6, 10)], TinyQwen.Config.Vision);
        Assert.Equal([0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14], layout.Cells);
        Assert.Equal([16, 16, 8, 8, 8, 4], layout.WindowLengths);
        Assert.Equal(
            [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2)],
            layout.Rows.Zip(layout.Columns).Take(5).Select(place => ((int)place.First, (int)place.Second))
        );
    }

    [Fact]
    public void Every_parameter_gets_a_gradient()
    {
        using var scope = NewDisposeScope();
        using var network = TinyQwen.Create();
        var parameters = ModuleParameters.Enumerate(network.Visual).ToList();
        foreach (var (_, _, _, parameter) in parameters)
            parameter.requires_grad = true;
        network.Visual.call(TinyQwen.Patches(new PatchGrid(6, 4))).square().sum().backward();
        Assert.All(parameters, parameter => Assert.True(parameter.Value.grad!.abs().sum().item<float>() > 0, parameter.Path));
    }

    [Fact]
    public void Patches_of_another_size_or_number_are_refused()
    {
        using var scope = NewDisposeScope();
        using var network = TinyQwen.Create();
        Assert.Throws<ArgumentException>(() => network.Visual.call(new ImagePatches(zeros(16, 100), [new PatchGrid(4, 4)])));
        Assert.Throws<ArgumentException>(() =>
            network.Visual.call(TinyQwen.Patches(new PatchGrid(4, 4)) with { Grids = [new PatchGrid(2, 4)] })
        );
        Assert.Throws<ArgumentException>(() => network.Visual.call(TinyQwen.Patches(new PatchGrid(3, 4))));
    }
}
