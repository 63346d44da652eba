using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>
/// Every network in its published size runs on the meta device, where it takes no memory: a tensor that would be left on the CPU beside a
/// GPU is left there, too, and seen.
/// </summary>
public class FullSizeNetworkTests
{
    public static TheoryData<string> Names => new(FullSizeNetworks.All.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Everything_is_on_the_network_s_device(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (network, inputs, run, shape) = FullSizeNetworks.All[name]();
        using (network)
        {
            MetaOperators.RequireTogether(() =>
            {
                var result = run(inputs);
                Assert.Equal((DeviceType.META, FullSizeNetworks.Type), (result.device_type, result.dtype));
                Assert.Equal(shape, result.shape);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_input_on_another_device_is_refused(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (network, inputs, run, _) = FullSizeNetworks.All[name]();
        using (network)
        {
            foreach (var (input, given) in inputs)
            {
                var misplaced = new Dictionary<string, Tensor>(inputs) { [input] = empty(given.shape, given.dtype, CPU) };
                var error = Assert.Throws<ArgumentException>(() => MetaOperators.RequireTogether(() => run(misplaced)));
                Assert.Matches($@"^\w+ is on meta, but its input {input} is on cpu; move it to meta before the call\.", error.Message);
            }
        }
    }
}
