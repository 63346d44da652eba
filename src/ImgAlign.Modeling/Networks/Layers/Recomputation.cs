using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// Gradient checkpointing (Chen et al., 2016; <c>torch.utils.checkpoint</c>): a block's activations are not kept for its gradients but
/// computed again when these are wanted, a forward pass more for much less memory. The block must compute the same both times.
/// </summary>
internal sealed class Recomputation : autograd.SingleTensorFunction<Recomputation>
{
    private const string Block = "block";
    private const string Derived = "derived";

    /// <inheritdoc/>
    public override string Name => nameof(Recomputation);

    /// <summary>Runs a block.</summary>
    /// <param name="recomputes">Whether to; otherwise, and without gradients, the block simply runs.</param>
    /// <param name="block">Computes a tensor from inputs, which it borrows; parameters that it uses get their gradients.</param>
    /// <param name="inputs">Everything that it computes from and that may be freed or derived.</param>
    public static Tensor Run(bool recomputes, Func<IReadOnlyList<Tensor>, Tensor> block, params Tensor[] inputs)
    {
        if (!recomputes || !is_grad_enabled())
            return block(inputs);
        using var scope = NewDisposeScope();
        // Without an input that is derived, autograd would not come back for the block's parameters.
        if (!Array.Exists(inputs, static input => input.requires_grad))
            inputs = [inputs[0].detach().requires_grad_(), .. inputs[1..]];
        return apply([block, .. inputs]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var inputs = vars.Skip(1).Cast<Tensor>().ToList();
        ctx.save_data(Block, vars[0]);
        ctx.save_data(Derived, inputs.Select(static input => input.requires_grad).ToList());
        ctx.save_for_backward(inputs);
        return ((Func<IReadOnlyList<Tensor>, Tensor>)vars[0])(inputs);
    }

    /// <inheritdoc/>
    public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        var derived = (List<bool>)ctx.get_data(Derived);
        var inputs = ctx.get_saved_variables().Zip(derived, static (saved, isDerived) => saved.detach().requires_grad_(isDerived)).ToList();
        ((Func<IReadOnlyList<Tensor>, Tensor>)ctx.get_data(Block))(inputs).backward([grad_output]);
        return [null, .. inputs.Select(static input => input.requires_grad ? input.grad?.MoveToOuterDisposeScope() : null)];
    }
}
